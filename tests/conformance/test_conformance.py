"""Runs every case of cases/*/*.yaml against a server. A case is data; README.md says what it may hold."""

import base64
import hashlib
import http.client
import io
import json
import pathlib
import random
import re
import time
import urllib.parse
import uuid
import xml.etree.ElementTree
import zipfile

import pytest
import yaml
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CASES = pathlib.Path(__file__).parent / "cases"
SOURCES = {"REC", "DOC", "MODEL", "GUESS"}
REGION = "us-east-1"
SETTLE_TIMEOUT_SECONDS = 30
LAMBDA_TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})


def load_cases():
    for path in sorted(CASES.glob("*/*.yaml")):
        for case in yaml.safe_load(path.read_text()):
            name = f"{path.parent.name}/{path.stem}: {case['name']}"
            # Strict: a case that passes has lost its reason to wait.
            waits = [pytest.mark.xfail(reason=case["pending"], strict=True)] if "pending" in case else []
            yield pytest.param(case, id=name, marks=waits)


def make_zip(text):
    """The same bytes for the same text, on any day."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("index.js", (2024, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, f"exports.handler = async () => {json.dumps(text)};\n")
    return out.getvalue()


def make_zip_of(name, content, *, mode=0o100644, stored=False):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
        entry.external_attr = mode << 16
        entry.compress_type = archive.compression
        archive.writestr(entry, content)
    return out.getvalue()


UNZIPPED_MAX = 262_144_000
ZIPPED_MAX = 52_428_800

# Packages that must not be taken: made when a case asks for one, some are large.
BAD_ZIPS = {
    "zip_parent": lambda: make_zip_of("../escape.js", "x"),
    "zip_inner_parent": lambda: make_zip_of("a/../../escape.js", "x"),
    "zip_absolute": lambda: make_zip_of("/etc/escape.js", "x"),
    "zip_link_out": lambda: make_zip_of("link", "/etc/passwd", mode=0o120777),
    "zip_link_parent": lambda: make_zip_of("a/link", "../../../etc/passwd", mode=0o120777),
    "zip_bomb": lambda: make_zip_of("zeros", b"\0" * (UNZIPPED_MAX + 1)),
    "zip_too_large": lambda: make_zip_of("noise", random.Random(1).randbytes(ZIPPED_MAX), stored=True),
    "zip_cut_off": lambda: make_zip("cut off")[:-10],
    "zip_garbage_directory": lambda: make_zip("garbage").replace(b"PK\x01\x02", b"PK\xff\xff"),
}


class Client:
    def __init__(self, server):
        self.server = server
        self.netloc = urllib.parse.urlsplit(server.endpoint).netloc

    def send(self, method, path, *, query=(), headers=None, body=b"", service="lambda", region=REGION, sign="header",
             access_key=None, secret_key=None, token=None):
        """Sends exactly this path (percent-encoded already) and returns (status, headers, body)."""
        target = path
        if query:
            target += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        request = AWSRequest(method, self.server.endpoint + target, data=body, headers=dict(headers or {}))
        credentials = Credentials(access_key or self.server.access_key, secret_key or self.server.secret_key, token)
        if sign == "header":
            SigV4Auth(credentials, service, region).add_auth(request)
        elif sign == "query":
            SigV4QueryAuth(credentials, service, region, expires=60).add_auth(request)
        elif sign != "none":
            raise ValueError(f"sign: {sign}")
        prepared = request.prepare()
        url = urllib.parse.urlsplit(prepared.url)
        connection = http.client.HTTPConnection(self.netloc, timeout=60)
        try:
            sent = {k: v if isinstance(v, str) else v.decode() for k, v in prepared.headers.items()}
            connection.request(method, url.path + ("?" + url.query if url.query else ""), body=body, headers=sent)
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        finally:
            connection.close()

    def query_api(self, service, action, signing=None, **parameters):
        version = {"iam": "2010-05-08", "sts": "2011-06-15"}[service]
        form = urllib.parse.urlencode({"Action": action, "Version": version, **parameters})
        return self.send("POST", "/", service=service, body=form.encode(), **(signing or {}),
                         headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})


@pytest.fixture(scope="session")
def client(server):
    return Client(server)


@pytest.fixture(scope="session")
def role_arn(client):
    """A role that Lambda may assume, for all cases."""
    name = "conformance-" + uuid.uuid4().hex[:8]
    status, _, body = client.query_api("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)
    assert status == 200, body
    return re.search(rb"<Arn>([^<]+)</Arn>", body).group(1).decode()


class Scope:
    """What %{names} in a case stand for."""

    def __init__(self, client, role_arn):
        name = "c-" + uuid.uuid4().hex[:12]
        account = client.server.account
        zip_one, zip_two = make_zip("one"), make_zip("two")
        # Who else may sign: signing arguments by name.
        self.signers = {"other": dict(zip(("access_key", "secret_key"), client.server.other))}
        self.values = {
            "other_account": client.server.other_account,
            "f": name,
            "role": role_arn.rsplit("/", 1)[1],
            "role_arn": role_arn,
            "r": "r-" + name,
            "account": account,
            "region": REGION,
            "arn": f"arn:aws:lambda:{REGION}:{account}:function:{name}",
            "arn_encoded": urllib.parse.quote(f"arn:aws:lambda:{REGION}:{account}:function:{name}", safe=""),
            "zip": base64.b64encode(zip_one).decode(),
            "zip_sha": base64.b64encode(hashlib.sha256(zip_one).digest()).decode(),
            "zip_size": str(len(zip_one)),
            "zip2": base64.b64encode(zip_two).decode(),
            "zip2_sha": base64.b64encode(hashlib.sha256(zip_two).digest()).decode(),
            "trust": LAMBDA_TRUST,
        }

    def fill(self, value):
        if isinstance(value, str):
            if value[2:-1] in BAD_ZIPS and value.startswith("%{"):
                return base64.b64encode(BAD_ZIPS[value[2:-1]]()).decode()
            whole = re.fullmatch(r"%\{repeat:(.+):(\d+)\}", value)
            if whole:
                return whole.group(1) * int(whole.group(2))
            return re.sub(r"%\{([a-z0-9_]+)\}", lambda match: self.values[match.group(1)], value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {self.fill(key): self.fill(item) for key, item in value.items()}
        return value


def assert_matches(actual, expected, where="body"):
    """Every member of `expected` is in `actual`. A string that starts with "~" is a regular expression; `null` in a
    mapping means that the member is absent."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), f"{where}: {actual!r} is not an object"
        for key, value in expected.items():
            if value is None:
                assert key not in actual, f"{where}.{key} is there: {actual[key]!r}"
            else:
                assert key in actual, f"{where}.{key} is missing in {actual!r}"
                assert_matches(actual[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(actual, list) and len(actual) == len(expected), f"{where}: {actual!r} != {expected!r}"
        for index, (one, other) in enumerate(zip(actual, expected)):
            assert_matches(one, other, f"{where}[{index}]")
    elif isinstance(expected, str) and expected.startswith("~"):
        assert re.fullmatch(expected[1:], str(actual), re.DOTALL), f"{where}: {actual!r} does not match {expected[1:]}"
    else:
        assert actual == expected and type(actual) is type(expected), f"{where}: {actual!r} != {expected!r}"


def xml_values(text):
    """Element name → list of texts, namespaces dropped."""
    found = {}
    for element in xml.etree.ElementTree.fromstring(text).iter():
        found.setdefault(element.tag.rsplit("}", 1)[-1], []).append((element.text or "").strip())
    return found


def must(answer):
    status, _, body = answer
    assert status == 200, body
    return xml_values(body)


def policy(statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def make_user(client, scope, *, name, statements=(), attached=(), account=None):
    """A user with a key; %{NAME} is its name and %{NAME_arn} its ARN. `account`: whose root makes it."""
    signing = scope.signers[account] if account else None
    user = f"{name}-{scope.values['f']}"
    made = must(client.query_api("iam", "CreateUser", signing, UserName=user))
    if statements:
        must(client.query_api("iam", "PutUserPolicy", signing, UserName=user, PolicyName="inline",
                              PolicyDocument=policy(scope.fill(statements))))
    for arn in attached:
        must(client.query_api("iam", "AttachUserPolicy", signing, UserName=user, PolicyArn=arn))
    key = must(client.query_api("iam", "CreateAccessKey", signing, UserName=user))
    scope.values.update({name: user, f"{name}_arn": made["Arn"][0], f"{name}_key": key["AccessKeyId"][0]})
    scope.signers[name] = {"access_key": key["AccessKeyId"][0], "secret_key": key["SecretAccessKey"][0]}


def assume_role(client, scope, *, name, by, role, statements=None):
    """A session of a role, that can sign from here on."""
    more = {"Policy": policy(scope.fill(statements))} if statements else {}
    made = must(client.query_api("sts", "AssumeRole", scope.signers[by], RoleArn=scope.fill(role), RoleSessionName=name,
                                 **more))
    scope.signers[name] = {"access_key": made["AccessKeyId"][0], "secret_key": made["SecretAccessKey"][0],
                           "token": made["SessionToken"][0]}


def build_body(step, scope):
    if "json" in step:
        return json.dumps(scope.fill(step["json"])).encode(), {"Content-Type": "application/json"}
    if "form" in step:
        form = urllib.parse.urlencode(scope.fill(step["form"]))
        return form.encode(), {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return scope.fill(step.get("body", "")).encode(), {}


def wait_until_settled(client, scope, name):
    deadline = time.monotonic() + SETTLE_TIMEOUT_SECONDS
    while True:
        status, _, body = client.send("GET", f"/2015-03-31/functions/{name}/configuration")
        assert status == 200, body
        configuration = json.loads(body)
        if configuration["State"] != "Pending" and configuration.get("LastUpdateStatus") != "InProgress":
            return
        assert time.monotonic() < deadline, f"{name} does not settle: {configuration}"
        time.sleep(0.02)


def create_function(client, scope, **members):
    request = {"FunctionName": scope.values["f"], "Runtime": "nodejs22.x", "Role": scope.values["role_arn"],
               "Handler": "index.handler", "Code": {"ZipFile": scope.values["zip"]}, **scope.fill(members)}
    status, _, body = client.send("POST", "/2015-03-31/functions", body=json.dumps(request).encode(),
                                  headers={"Content-Type": "application/json"})
    assert status == 201, body
    wait_until_settled(client, scope, scope.values["f"])


def download(url, expect):
    """Follows a link as any client would, without a signature of its own."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        response = connection.getresponse()
        content = response.read()
        assert response.status == expect["status"], content[:2000]
        for name, value in expect.get("headers", {}).items():
            assert_matches(response.getheader(name), value, name)
        if "sha256" in expect:
            assert base64.b64encode(hashlib.sha256(content).digest()).decode() == expect["sha256"]
        for element, value in expect.get("xml", {}).items():
            assert_matches(xml_values(content)[element][0], value, element)
    finally:
        connection.close()


def run_step(client, scope, step):
    if "download" in step:
        return download(scope.fill(step["download"]), scope.fill(step["expect"]))
    if "settle" in step:
        return wait_until_settled(client, scope, scope.fill(step["settle"]))
    if "function" in step:
        return create_function(client, scope, **(step["function"] or {}))
    if "user" in step:
        return make_user(client, scope, **step["user"])
    if "session" in step:
        return assume_role(client, scope, **step["session"])
    method, path = scope.fill(step["request"]).split(" ", 1)
    body, headers = build_body(step, scope)
    headers.update(scope.fill(step.get("headers", {})))
    query = [(key, item) for key, value in scope.fill(step.get("query", {})).items()
             for item in (value if isinstance(value, list) else [value])]
    signing = scope.signers[step["as"]] if "as" in step else scope.fill(step.get("signing", {}))
    status, answered, content = client.send(method, path, query=query, headers=headers, body=body,
                                            service=step.get("service", "lambda"), region=step.get("region", REGION),
                                            **signing)
    expect = scope.fill(step["expect"])
    where = f"{method} {path} answered {status} {answered} {content[:2000]!r}"
    assert status == expect["status"], where
    for name, value in expect.get("headers", {}).items():
        if value is None:
            assert name.lower() not in answered, where
        else:
            assert name.lower() in answered, f"{name} is missing: {where}"
            assert_matches(answered[name.lower()], value, name)
    assert answered.get("x-amzn-requestid"), "every answer names its request: " + where
    if "error" in expect:
        name, message = expect["error"]
        assert answered.get("x-amzn-errortype", "").split(":")[0] == name, where
        error = json.loads(content)
        assert_matches(error.get("Message", error.get("message")), message, "message")
    if "json" in expect:
        assert_matches(json.loads(content), expect["json"])
    if "members" in expect:  # these and no others
        assert sorted(json.loads(content)) == sorted(expect["members"]), where
    if "xml" in expect:
        values = xml_values(content)
        for element, value in expect["xml"].items():
            if value is None:
                assert element not in values, where
            else:
                assert element in values, f"<{element}> is missing: {where}"
                assert_matches(values[element] if isinstance(value, list) else values[element][0], value, element)
    if "body" in expect:
        assert_matches(content.decode(), expect["body"])
    for name, member in step.get("save", {}).items():
        value = json.loads(content) if content.startswith(b"{") else xml_values(content)
        for part in member.split("."):
            value = value[int(part)] if part.isdigit() else value[part]
        scope.values[name] = value
    return None


@pytest.mark.parametrize("case", list(load_cases()))
def test_case(client, role_arn, case):
    assert case["source"] in SOURCES
    scope = Scope(client, role_arn)
    try:
        for step in case["steps"]:
            run_step(client, scope, step)
    finally:
        client.send("DELETE", f"/2015-03-31/functions/{scope.values['f']}")
