"""What stays after SIGTERM and a new start, and what every region sees."""

import hashlib
import json
import subprocess
import urllib.request

import pytest
from botocore.exceptions import ClientError

from conftest import Functions
from meridian_server import LAMBDA_TRUST, MeridianServer, has_runtime, wait_until
from test_function_urls import call

BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def described(server, name, region):
    """Everything that GetFunction and its siblings say, without what is a link."""
    api = server.client("lambda", region=region)
    found = api.get_function(FunctionName=name)
    versions = api.list_versions_by_function(FunctionName=name)["Versions"]
    link = found["Code"].pop("Location")
    code = urllib.request.urlopen(link, timeout=20).read()
    return {"function": found["Configuration"], "tags": found.get("Tags"), "versions": versions,
            "code": hashlib.sha256(code).hexdigest()}


def logged(server, name, region):
    done = subprocess.run([server.tool("meridian"), "logs", name, "--json", "--region", region, "--data",
                           str(server.data)], capture_output=True, text=True, env=server.environment(), timeout=20)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_everything_stays(start_server):
    server = start_server()
    functions = Functions(server)
    iam = server.client("iam")
    iam.attach_role_policy(RoleName=functions.role.rsplit("/", 1)[1], PolicyArn=BASIC_EXECUTION)
    regions = ("us-east-1", "sa-east-1")
    made = {}
    for region in regions:
        function = functions("cpp", region=region, name="stays", variables={"WHERE": region},
                             Tags={"region": region, "other": "ä=+"}, Description="before the stop")
        function.api.publish_version(FunctionName="stays", Description="one")
        function.configure(Timeout=7, MemorySize=200)
        function.api.publish_version(FunctionName="stays", Description="two")
        function.invoke({"do": "log", "text": "before the stop in " + region})
        function.api.create_function_url_config(FunctionName="stays", AuthType="AWS_IAM")
        made[region] = function
    wait_until(lambda: all(any("REPORT" in e["message"] for e in logged(server, "stays", r)) for r in regions))
    gone = functions("cpp", name="goes")
    gone.delete()

    def everything():
        iam = server.client("iam")
        roles = [{k: v for k, v in role.items()} for role in iam.list_roles()["Roles"]]
        return {"functions": {r: described(server, "stays", r) for r in regions}, "roles": roles,
                "policies": iam.list_attached_role_policies(RoleName=roles[0]["RoleName"])["AttachedPolicies"],
                "logs": {r: logged(server, "stays", r) for r in regions},
                "listed": {r: [f["FunctionName"] for f in server.client("lambda", region=r).list_functions()["Functions"]]
                           for r in regions}}
    before = everything()
    keys = (server.access_key, server.secret_key)
    assert before["policies"] and len(before["functions"]["us-east-1"]["versions"]) == 3
    for _ in range(2):
        server.restart()
        assert (server.access_key, server.secret_key) == keys
        assert everything() == before
        for region in regions:
            api = server.client("lambda", region=region)
            values = json.load(api.invoke(FunctionName="stays", Payload=b'{"do":"env"}')["Payload"])
            assert values["WHERE"] == region
            old = json.load(api.invoke(FunctionName="stays", Payload=b'{"do":"env"}', Qualifier="1")["Payload"])
            assert old["AWS_LAMBDA_FUNCTION_VERSION"] == "1"
            url = api.get_function_url_config(FunctionName="stays")["FunctionUrl"]
            assert call(url)[2].startswith(b'{"Message":"Forbidden'), "the URL is known"
        before["logs"] = wait_for_logs(server, regions, before["logs"])
    with pytest.raises(ClientError):
        server.client("lambda").get_function(FunctionName="goes")
    # A number is never given again, not even after a restart.
    api = server.client("lambda")
    api.update_function_configuration(FunctionName="stays", Timeout=8)
    api.get_waiter("function_updated_v2").wait(FunctionName="stays")
    assert api.publish_version(FunctionName="stays")["Version"] == "3"


def wait_for_logs(server, regions, before):
    """The logs with what two invocations in each region have added."""
    def added():
        now = {r: logged(server, "stays", r) for r in regions}
        more = [sum("REPORT" in e["message"] for e in now[r]) - sum("REPORT" in e["message"] for e in before[r])
                for r in regions]
        return now if more == [2] * len(regions) else None
    now = wait_until(added, what="the log events of new invocations")
    for region in regions:
        kept = [e for e in now[region] if e in before[region]]
        assert kept == before[region], "old events are kept, in their order"
    return now


def test_iam_is_seen_from_every_region(server):
    here, there = server.client("iam", region="us-east-1"), server.client("iam", region="sa-east-1")
    for index in range(5):
        name = f"global-{index}"
        made = here.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]
        assert there.get_role(RoleName=name)["Role"]["RoleId"] == made["RoleId"]
        there.attach_role_policy(RoleName=name, PolicyArn=BASIC_EXECUTION)
        attached = here.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        assert [policy["PolicyArn"] for policy in attached] == [BASIC_EXECUTION]
        with pytest.raises(ClientError) as refused:
            there.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)
        assert refused.value.response["Error"]["Code"] == "EntityAlreadyExists"
        there.detach_role_policy(RoleName=name, PolicyArn=BASIC_EXECUTION)
        here.delete_role(RoleName=name)
        with pytest.raises(ClientError) as refused:
            there.get_role(RoleName=name)
        assert refused.value.response["Error"]["Code"] == "NoSuchEntity"


def test_a_function_elsewhere_uses_a_role_at_once(server, make_zip):
    if not has_runtime("nodejs22.x"):
        pytest.skip("the runtime nodejs22.x is not installed here (script/setup)")
    code = make_zip({"index.js": "exports.handler = async () => 1;"})
    for region in ("us-east-1", "sa-east-1"):
        other = {"us-east-1": "sa-east-1", "sa-east-1": "us-east-1"}[region]
        role = server.client("iam", region=region).create_role(
            RoleName="role-" + region, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
        api = server.client("lambda", region=other)
        api.create_function(FunctionName="elsewhere", Runtime="nodejs22.x", Handler="index.handler", Role=role,
                            Code={"ZipFile": code})
        api.delete_function(FunctionName="elsewhere")


def test_regions_are_independent(server, functions):
    functions("cpp", region="us-east-1", name="only-here")
    with pytest.raises(ClientError) as refused:
        server.client("lambda", region="sa-east-1").invoke(FunctionName="only-here")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as refused:
        server.client("lambda", region="eu-west-3").list_functions()
    assert 400 <= refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


# --auth off

def http(server, *, headers, path="/2015-03-31/functions/"):
    request = urllib.request.Request(server.endpoint + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def wrong_signature(region="us-east-1"):
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240101/{region}/lambda/aws4_request, "
                             "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64, "X-Amz-Date": "20240101T000000Z"}


def test_auth_off(start_server):
    server = start_server(flags=["--auth", "off"])
    status, body = http(server, headers=wrong_signature())
    assert (status, json.loads(body)["Functions"]) == (200, [])
    assert http(server, headers=wrong_signature("sa-east-1"))[0] == 200
    assert http(server, headers={**wrong_signature(), "Host": "attacker.example"})[0] in (400, 403, 421)
    assert http(server, headers={**wrong_signature(), "Origin": "http://attacker.example"})[0] in (400, 403)
    assert http(server, headers={**wrong_signature(), "Host": server.endpoint.removeprefix("http://")})[0] == 200
    import boto3
    api = boto3.client("lambda", region_name="us-east-1", endpoint_url=server.endpoint, aws_access_key_id="any",
                       aws_secret_access_key="thing")
    assert api.list_functions()["Functions"] == []


def test_a_wrong_signature_is_refused_otherwise(server):
    status, body = http(server, headers=wrong_signature())
    assert status == 403, body
    assert http(server, headers={})[0] == 403


@pytest.mark.parametrize("flags", [["--auth", "off", "--host", "0.0.0.0"], ["--host", "0.0.0.0"], ["--auth", "none"],
                                   ["--account", "12"], ["--regions", "Up/../.."], ["--regions", "a,a"],
                                   ["--port", "70000"]])
def test_settings_that_are_refused(start_server, flags):
    with pytest.raises(RuntimeError) as refused:
        start_server(flags=flags)
    text = str(refused.value).split("stderr:\n", 1)[1].strip()
    assert text and "Traceback" not in text and len(text) < 2000, text


def test_a_port_that_is_taken(server, start_server):
    port = server.endpoint.rsplit(":", 1)[1]
    with pytest.raises(RuntimeError) as refused:
        start_server(flags=["--port", port])
    assert port in str(refused.value).split("stderr:\n", 1)[1]


def test_a_data_directory_in_use(start_server):
    server = start_server()
    second = MeridianServer()
    second.data = server.data
    try:
        with pytest.raises(RuntimeError):
            second.start()
        assert server.client("lambda").list_functions()["Functions"] == []
    finally:
        second.data = second.directory / "data"
        second.close()


def test_environment_variables_are_sealed_at_rest(start_server):
    server = start_server()
    functions = Functions(server)
    function = functions("cpp", variables={"PASSWORD": "hunter2-at-rest"})
    function.api.publish_version(FunctionName=function.name)
    function.settle()
    assert function.invoke({"cmd": "env"}) is not None
    found = function.api.get_function_configuration(FunctionName=function.name)
    assert found["Environment"]["Variables"] == {"PASSWORD": "hunter2-at-rest"}
    for path in server.data.rglob("meridian.db*"):
        assert b"hunter2" not in path.read_bytes(), path
