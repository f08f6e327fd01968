"""Functions to folders and other regions through AWS's own API: with the same version numbers, aliases, policies and
hashes; interrupted and begun again; and what cannot be told or done, said."""

import hashlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from command_line import HOME, OTHER, answer, command, meridian
from conftest import Functions
from meridian_server import LAMBDA_TRUST, make_zip, wait_until


def code(text):
    return make_zip({"handler.py": f"def handler(event, context):\n    return '{text}'\n"})


def rich_function(functions, name="rich"):
    """A function with all that can hang under one, and a gap in its version numbers and its layer's."""
    api = functions.api()
    for number in (1, 2):
        layer = api.publish_layer_version(LayerName=name + "-layer", Description=f"number {number}",
                                          Content={"ZipFile": make_zip({"text": f"of layer {number}"})},
                                          CompatibleRuntimes=["python3.11"], LicenseInfo="MIT")
    api.add_layer_version_permission(LayerName=name + "-layer", VersionNumber=2, StatementId="all",
                                     Action="lambda:GetLayerVersion", Principal="*")
    api.delete_layer_version(LayerName=name + "-layer", VersionNumber=1)
    function = functions("python", name=name, code=code("one"), variables={"WHO": "secret-value", "OTHER": "ä"},
                         Timeout=7, MemorySize=256, Description="rich", Tags={"team": "a"},
                         Layers=[layer["LayerVersionArn"]])
    api.publish_version(FunctionName=name, Description="one")
    # Deleted: a number that nobody has any more.
    function.update_code(code("gone"))
    api.publish_version(FunctionName=name)
    function.update_code(code("three"))
    api.publish_version(FunctionName=name, Description="three")
    api.delete_function(FunctionName=name, Qualifier="2")
    # Only $LATEST's description differs: published with the same text, they look the same.
    function.configure(Description="changed")
    api.publish_version(FunctionName=name, Description="three")
    function.configure(Timeout=9, Environment={"Variables": {"WHO": "other"}}, LoggingConfig={"LogFormat": "JSON"})
    function.update_code(code("latest"))
    api.create_alias(FunctionName=name, Name="live", FunctionVersion="1", Description="what runs",
                     RoutingConfig={"AdditionalVersionWeights": {"3": 0.25}})
    api.create_alias(FunctionName=name, Name="old", FunctionVersion="1")
    api.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction",
                       Principal="s3.amazonaws.com", SourceAccount="123456789012",
                       SourceArn="arn:aws:s3:::a-bucket")
    api.add_permission(FunctionName=name, StatementId="alias", Action="lambda:InvokeFunction", Qualifier="live",
                       Principal="210987654321")
    api.create_function_url_config(FunctionName=name, AuthType="NONE", Qualifier="live",
                                   Cors={"AllowOrigins": ["https://example.com"]})
    api.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=120)
    api.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0, Qualifier="live")
    api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    api.put_provisioned_concurrency_config(FunctionName=name, Qualifier="old", ProvisionedConcurrentExecutions=1)
    api.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    api.put_runtime_management_config(FunctionName=name, UpdateRuntimeOn="FunctionUpdate")
    signing = api.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [
            "arn:aws:signer:us-east-1:123456789012:/signing-profiles/p/0123456789"]},
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"})["CodeSigningConfig"]
    api.put_function_code_signing_config(FunctionName=name, CodeSigningConfigArn=signing["CodeSigningConfigArn"])
    api.create_event_source_mapping(FunctionName=name + ":live", BatchSize=7,
                                    EventSourceArn="arn:aws:sqs:us-east-1:123456789012:queue")
    function.settle()
    return function


def rich_role(functions):
    iam = functions.server.client("iam")
    name = functions.role.rsplit("/", 1)[1]
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}))
    policy = iam.create_policy(PolicyName="managed", Description="ours", Tags=[{"Key": "a", "Value": "b"}],
                               PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
                                   {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    most = iam.create_policy(PolicyName="most-" + name, PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=most)
    iam.tag_role(RoleName=name, Tags=[{"Key": "team", "Value": "a"}])
    return name


VOLATILE = {"RevisionId", "LastModified", "State", "StateReason", "StateReasonCode", "LastUpdateStatus",
            "LastModifiedTime", "CreationTime", "UUID", "EventSourceMappingArn", "StateTransitionReason",
            "FunctionUrl", "CodeSigningConfigArn", "CodeSigningConfigId", "Location", "ResponseMetadata",
            "CreatedDate", "CreateDate", "RoleId", "PolicyId", "UpdateDate", "Status", "StatusReason"}


def durable(value):
    if isinstance(value, dict):
        return {k: durable(v) for k, v in value.items() if k not in VOLATILE}
    return [durable(v) for v in value] if isinstance(value, list) else value


def everything_of(server, name, region=HOME):
    """All of a function that an import can bring, by AWS's own client."""
    api = server.client("lambda", region=region)
    iam = server.client("iam", region=region)

    def optional(call, **arguments):
        try:
            return call(**arguments)
        except ClientError as error:
            return error.response["Error"]["Code"]
    versions = api.list_versions_by_function(FunctionName=name)["Versions"]
    aliases = api.list_aliases(FunctionName=name)["Aliases"]
    qualifiers = [v["Version"] for v in versions if v["Version"] != "$LATEST"] + [a["Name"] for a in aliases]
    mappings = api.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    for alias in aliases:
        mappings += api.list_event_source_mappings(FunctionName=f"{name}:{alias['Name']}")["EventSourceMappings"]
    role = versions[0]["Role"].rsplit("/", 1)[1]
    signing = optional(api.get_function_code_signing_config, FunctionName=name)
    config = (api.get_code_signing_config(CodeSigningConfigArn=signing["CodeSigningConfigArn"])
              if signing.get("CodeSigningConfigArn") else None)

    def statements(found):
        return found if isinstance(found, str) else json.loads(found["Policy"])["Statement"]
    out = {"function": api.get_function(FunctionName=name), "versions": versions, "aliases": aliases,
           "policies": {q: statements(optional(api.get_policy, FunctionName=name, **({"Qualifier": q} if q else {})))
                        for q in ["", *qualifiers]},
           "urls": api.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"],
           "invoke": api.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"],
           "provisioned": [(p["FunctionArn"], p["RequestedProvisionedConcurrentExecutions"]) for p in
                           api.list_provisioned_concurrency_configs(FunctionName=name)
                           ["ProvisionedConcurrencyConfigs"]],
           "reserved": api.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions"),
           "recursion": api.get_function_recursion_config(FunctionName=name)["RecursiveLoop"],
           "runtime": api.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"],
           "mappings": mappings, "signing": config,
           "layers": [optional(api.get_layer_version_by_arn, Arn=layer["Arn"])
                      for v in versions for layer in v.get("Layers", [])],
           "layer policies": [optional(api.get_layer_version_policy, LayerName=layer["Arn"].split(":")[6],
                                       VersionNumber=int(layer["Arn"].split(":")[7]))
                              for v in versions for layer in v.get("Layers", [])],
           "role": iam.get_role(RoleName=role)["Role"],
           "inline": {p: iam.get_role_policy(RoleName=role, PolicyName=p)["PolicyDocument"]
                      for p in iam.list_role_policies(RoleName=role)["PolicyNames"]},
           "attached": [(p["PolicyArn"], iam.get_policy_version(PolicyArn=p["PolicyArn"], VersionId=iam.get_policy(
               PolicyArn=p["PolicyArn"])["Policy"]["DefaultVersionId"])["PolicyVersion"]["Document"])
               for p in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]}
    out["role"].pop("RoleLastUsed", None)
    return json.loads(json.dumps(durable(out), default=str, sort_keys=True))


def in_region(everything, region):
    """The same, said of another region: Lambda's own ARNs and nothing else."""
    return json.loads(json.dumps(everything).replace(f"arn:aws:lambda:{HOME}:", f"arn:aws:lambda:{region}:"))


def settled(server, name, region=HOME):
    api = server.client("lambda", region=region)
    api.get_waiter("function_active_v2").wait(FunctionName=name)


def assert_same(found, wanted):
    for part in wanted:
        assert found[part] == wanted[part], part


def test_a_folder_brings_a_function_into_another_server(start_server, tmp_path):
    server = start_server()
    functions = Functions(server)
    function = rich_function(functions)
    rich_role(functions)
    before = everything_of(server, "rich")
    folder = tmp_path / "out"

    planned = answer(server, "export", "zip", "--all", "--to", folder, "--dry-run")
    assert planned["Functions"] == ["rich"] and planned["Versions"] == 3 and not folder.exists()
    done = answer(server, "export", "zip", "--all", "--to", folder, "--with-environment")
    assert done["Packages"] == 4 and done["Layers"] == 1 and done["Roles"] == 1 and done["Policies"] == 2
    assert done["Untold"] == [] and any("deleted" in line for line in done["NeverTold"])
    # Readable, and the very bytes.
    shown = json.loads((folder / "functions/rich/function.json").read_text())
    assert shown["Configuration"]["MemorySize"] == 256 and shown["Aliases"]["live"]["FunctionVersion"] == "1"
    assert {path.read_bytes() for path in (folder / "functions/rich/code").iterdir()} == \
        {code("one"), code("three"), code("latest")}
    # The same region gives the same files.
    answer(server, "export", "zip", "--all", "--to", tmp_path / "again", "--with-environment")
    assert subprocess.run(["diff", "-r", str(folder), str(tmp_path / "again")]).returncode == 0

    target = start_server()
    plan = answer(target, "import", "dir", folder, "--all", "--dry-run", region=OTHER)
    assert [u["Subject"] for u in plan["Units"]][-2:] == ["layer rich-layer", "function rich"]
    assert not target.client("lambda", region=OTHER).list_functions()["Functions"]
    done = answer(target, "import", "dir", folder, "--all", region=OTHER)
    assert done["Failures"] == [] and "meridian restore --region sa-east-1 --at" in done["Undo"]
    settled(target, "rich", OTHER)
    after = everything_of(target, "rich", OTHER)
    # New mappings are disabled, which is said; versions that look the same are two.
    assert [m.get("BatchSize") for m in after["mappings"]] == [7]
    assert any("made disabled" in note for unit in done["Units"] for note in unit["Notes"])
    mapping = target.client("lambda", region=OTHER).list_event_source_mappings()["EventSourceMappings"][0]
    assert mapping["State"] == "Disabled"
    assert_same(after, in_region(before, OTHER))
    assert [v["Version"] for v in after["versions"]] == ["$LATEST", "1", "3", "4"]
    lambda_ = target.client("lambda", region=OTHER)
    assert json.load(lambda_.invoke(FunctionName="rich", Qualifier="3")["Payload"]) == "three"

    # Again: nothing is left to do. And the next number is the next one.
    again = answer(target, "import", "dir", folder, "--all", region=OTHER)
    assert again["StepsDone"] == 0 and again["Undo"] == "" and all(not u["Steps"] for u in again["Units"])
    lambda_.update_function_configuration(FunctionName="rich", Timeout=30)
    settled(target, "rich", OTHER)
    assert lambda_.publish_version(FunctionName="rich")["Version"] == "5"
    # What was changed meanwhile is shown by field, and put back; the new version stays.
    lambda_.add_permission(FunctionName="rich", StatementId="mine", Action="lambda:InvokeFunction",
                           Principal="sns.amazonaws.com")
    text = meridian(target, "import", "dir", folder, "rich", "--dry-run", region=OTHER)
    assert "/Timeout: 30 -> 9" in text and "version 5 is at the target alone" in text
    assert 'permission "mine" is at the target alone' in text
    answer(target, "import", "dir", folder, "rich", region=OTHER)
    assert lambda_.get_function_configuration(FunctionName="rich")["Timeout"] == 9
    assert function.invoke({}).json == "latest", "the source was only read"


def test_another_endpoint_is_the_source(start_server):
    server = start_server()
    functions = Functions(server)
    rich_function(functions)
    rich_role(functions)
    functions("cpp", name="plain")
    before = {name: everything_of(server, name) for name in ("rich", "plain")}
    target = start_server()
    words = ("import", "aws", "--from-data", server.data, "--from-region", HOME)
    text = meridian(target, *words, "r*", "--into", OTHER)
    assert "function rich: create" in text and "plain" not in text and "Never told by this API:" in text
    settled(target, "rich", OTHER)
    assert_same(everything_of(target, "rich", OTHER), in_region(before["rich"], OTHER))
    done = answer(target, *words, "--all", "--into", HOME, "--enable-mappings")
    assert done["Failures"] == []
    for name in before:
        settled(target, name)
        assert_same(everything_of(target, name), before[name])
    mapping = target.client("lambda").list_event_source_mappings()["EventSourceMappings"][0]
    assert mapping["State"] == "Enabled"
    # Under another name, too.
    answer(target, *words, "plain", "--map", "function:plain=function:renamed")
    settled(target, "renamed")
    assert target.client("lambda").get_function(FunctionName="renamed")["Configuration"]["CodeSha256"] == \
        before["plain"]["function"]["Configuration"]["CodeSha256"]


def test_an_import_that_is_killed_goes_on(start_server, tmp_path):
    server = start_server()
    functions = Functions(server)
    rich_function(functions)
    for number in range(6):
        one = functions("python", name=f"f{number}", code=code(f"{number}a"))
        for letter in "bcd":
            functions.api().publish_version(FunctionName=one.name)
            one.update_code(code(f"{number}{letter}"))
    names = ["rich", *(f"f{number}" for number in range(6))]
    before = {name: everything_of(server, name) for name in names}
    answer(server, "export", "zip", "--all", "--to", tmp_path / "out", "--with-environment")
    target = start_server()
    words = ("import", "dir", tmp_path / "out", "--all")
    killed = 0
    for delay in (0.03, 0.06, 0.1, 0.15, 0.25):
        running = subprocess.Popen(command(target, *words), env=target.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(delay)
        killed += running.poll() is None
        running.send_signal(signal.SIGKILL)
        running.communicate()
        # A function that is being made when nobody looks is finished by the server.
        for found in target.client("lambda").list_functions()["Functions"]:
            settled(target, found["FunctionName"])
    assert killed >= 1
    assert answer(target, *words)["Failures"] == []
    for name in names:
        settled(target, name)
        assert_same(everything_of(target, name), before[name])


def test_secrets_stay_unless_they_are_asked_for(start_server, tmp_path):
    server = start_server()
    functions = Functions(server)
    functions("cpp", name="secret", variables={"TOKEN": "very-secret"})
    folder = tmp_path / "out"
    text = meridian(server, "export", "zip", "secret", "--to", folder)
    assert "withheld" in text
    contents = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"TOKEN" in contents and b"very-secret" not in contents
    # The function itself has its values; another region does not.
    assert answer(server, "import", "dir", folder, "secret")["StepsDone"] == 0
    refused = meridian(server, "import", "dir", folder, "secret", region=OTHER, fails=True)
    assert "environment variables (TOKEN) were withheld" in refused
    assert "very-secret" not in refused
    answer(server, "import", "dir", folder, "secret", "--without-environment", region=OTHER)
    assert "Environment" not in server.client("lambda", region=OTHER).get_function(
        FunctionName="secret")["Configuration"]
    # Plans do not show them either.
    answer(server, "export", "zip", "secret", "--to", folder, "--with-environment")
    text = meridian(server, "import", "dir", folder, "secret", "--dry-run", region=OTHER)
    assert "TOKEN" in text and "very-secret" not in text and "(hidden)" in text


def test_what_cannot_be_brought_is_said(start_server, tmp_path):
    server = start_server()
    functions = Functions(server)
    one = functions("python", name="one", code=code("one"))
    functions("python", name="two", code=code("two"))
    api = functions.api()
    api.publish_version(FunctionName="one")
    folder = tmp_path / "out"
    answer(server, "export", "zip", "--all", "--to", folder)

    # Another version 1 at the target, a number that was given away, a package that was damaged.
    other = functions("python", name="one", code=code("other"), region=OTHER)
    other.api.publish_version(FunctionName="one")
    package_file = next((folder / "functions/two/code").iterdir())
    package_file.write_bytes(package_file.read_bytes()[:-1] + b"x")
    text = meridian(server, "import", "dir", folder, "--all", region=OTHER, fails=True)
    assert "version 1 is another one at the target (/CodeSha256), and a version never changes" in text
    assert "function two: function two failed: The package of arn:aws:lambda:us-east-1:123456789012:function:two" in text
    assert "2 things could not be imported" in text
    assert json.load(other.api.invoke(FunctionName="one")["Payload"]) == "one", "the rest was done"
    assert one.invoke({}).json == "one"

    assert "Name functions, or say --all" in meridian(server, "import", "dir", folder, fails=True)
    assert "holds no such function" in meridian(server, "import", "dir", folder, "three", fails=True)
    assert "has no function thr*" in meridian(server, "export", "zip", "thr*", "--to", tmp_path / "x", fails=True)
    assert "is no folder that" in meridian(server, "import", "dir", tmp_path, "--all", fails=True)
    assert "is no earlier export" in meridian(server, "export", "zip", "--all", "--to", tmp_path, fails=True)
    assert "--map is FROM=TO" in meridian(server, "import", "dir", folder, "--all", "--map", "x", fails=True)
    assert "has no template.yaml" in meridian(server, "import", "sam", folder, fails=True)
    (folder / "roles").joinpath("x.json").write_text('{"Arn": "arn:x", "Arn": "arn:y"}')
    assert 'roles/x.json: "Arn" stands there twice' in meridian(server, "import", "dir", folder, "--all", fails=True)
    manifest = json.loads((folder / "transfer.json").read_text())
    (folder / "roles" / "x.json").unlink()
    (folder / "transfer.json").write_text(json.dumps({**manifest, "FormatVersion": 2}))
    assert "format version 2 is not known" in meridian(server, "import", "dir", folder, "--all", fails=True)


def test_what_the_caller_may_not_read_is_listed(start_server, tmp_path):
    server = start_server()
    functions = Functions(server)
    functions("cpp", name="hello")
    iam = server.client("iam")
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["lambda:ListFunctions", "lambda:GetFunction", "lambda:ListAliases",
                                           "lambda:ListVersionsByFunction"], "Resource": "*"}]}))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    done = answer(server, "export", "zip", "hello", "--to", tmp_path / "out", environment=keys)
    untold = {one["What"]: one for one in done["Untold"]}
    assert {"GetPolicy", "ListFunctionUrlConfigs", "GetRole", "ListEventSourceMappings"} <= set(untold)
    assert "not authorized" in untold["GetPolicy"]["Reason"] and untold["GetPolicy"]["Of"] == "function hello"
    assert (tmp_path / "out/functions/hello/function.json").exists()
    manifest = json.loads((tmp_path / "out/transfer.json").read_text())
    assert manifest["Untold"] == done["Untold"]


def read_template(path):
    """As AWS's own tools read YAML: every text a text."""
    return yaml.safe_load(path.read_text())


def program(name):
    """Of tests/requirements.txt."""
    return str(pathlib.Path(sys.executable).with_name(name))


def lint(path):
    done = subprocess.run([program("cfn-lint"), "--format", "json", "--regions", HOME, "--", str(path)],
                          capture_output=True, text=True, timeout=300)
    found = json.loads(done.stdout or "[]")
    return [f"{one['Rule']['Id']} {one['Message']}" for one in found if one["Level"] == "Error"]


def test_templates_say_what_functions_are(start_server, tmp_path):
    server = start_server()
    functions = Functions(server)
    rich_function(functions)
    rich_role(functions)
    api = functions.api()
    hello = functions("python", name="hello", code=code("hello"), Description="no", variables={
        "YES": "yes", "NUMBER": "0123", "LINES": "one\n  two\n", "QUOTE": "a: 'b' # \"c\"", "DATE": "2001-01-01"})
    api.publish_version(FunctionName="hello")
    api.create_alias(FunctionName="hello", Name="live", FunctionVersion="1")
    api.put_function_event_invoke_config(FunctionName="hello", Qualifier="live", MaximumRetryAttempts=1)
    api.add_permission(FunctionName="hello", Qualifier="live", StatementId="s3", Action="lambda:InvokeFunction",
                       Principal="s3.amazonaws.com", SourceArn="arn:aws:s3:::a-bucket")
    for form in ("sam", "cfn"):
        folder = tmp_path / form
        done = answer(server, "export", form, "--all", "--to", folder, "--with-environment")
        template = read_template(folder / "template.yaml")
        one = template["Resources"]["HelloFunction"]["Properties"]
        wanted = api.get_function(FunctionName="hello")["Configuration"]
        assert one["Environment"]["Variables"] == wanted["Environment"]["Variables"]
        assert one["Description"] == "no" and one["Runtime"] == "python3.11"
        assert (folder / "code/hello.zip").read_bytes() == code("hello")
        assert "the alias live (of version 1, which is not what $LATEST is) of the function rich" in done["Unsaid"]
        assert lint(folder / "template.yaml") == []
        # The same region gives the same text; values are withheld unless they are asked for.
        text = (folder / "template.yaml").read_text()
        answer(server, "export", form, "--all", "--to", folder, "--with-environment")
        assert (folder / "template.yaml").read_text() == text
        answer(server, "export", form, "hello", "--to", folder)
        withheld = read_template(folder / "template.yaml")
        assert withheld["Resources"]["HelloFunction"]["Properties"]["Environment"]["Variables"]["YES"] == \
            {"Ref": "HelloYES"}
        assert withheld["Parameters"]["HelloYES"]["NoEcho"] is True
        assert "0123" not in (folder / "template.yaml").read_text()
        assert lint(folder / "template.yaml") == []
    sam = read_template(tmp_path / "sam/template.yaml")["Resources"]["HelloFunction"]
    assert sam["Type"] == "AWS::Serverless::Function" and sam["Properties"]["AutoPublishAlias"] == "live"
    assert sam["Properties"]["EventInvokeConfig"] == {"MaximumRetryAttempts": 1}
    assert hello.invoke({}).json == "hello"
    assert "is no folder that" in meridian(server, "import", "dir", tmp_path / "sam", "--all", fails=True)


@pytest.fixture
def foreign(tmp_path):
    """moto's server: another Lambda endpoint, which runs nothing."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    log = (tmp_path / "moto.log").open("w")
    process = subprocess.Popen([program("moto_server"), "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"

    def answers():
        assert process.poll() is None, (tmp_path / "moto.log").read_text()
        try:
            return urllib.request.urlopen(url + "/moto-api/data.json", timeout=5).status == 200
        except OSError:
            return False
    try:
        wait_until(answers, seconds=60, every=0.1, what="moto answers")
        yield url
    finally:
        process.kill()
        process.wait()


def test_a_foreign_endpoint_tells_what_it_can(start_server, foreign, tmp_path):
    def client(service):
        return boto3.client(service, region_name="eu-west-1", endpoint_url=foreign, aws_access_key_id="a",
                            aws_secret_access_key="b")
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
    api = client("lambda")
    layer = api.publish_layer_version(LayerName="l", Content={"ZipFile": make_zip({"text": "of the layer"})})
    api.create_function(FunctionName="f", Runtime="python3.11", Role=role, Handler="handler.handler", Timeout=7,
                        MemorySize=256, Environment={"Variables": {"WHO": "x"}}, Layers=[layer["LayerVersionArn"]],
                        Tags={"team": "a"}, Code={"ZipFile": code("one")})
    api.publish_version(FunctionName="f", Description="first")
    api.update_function_code(FunctionName="f", ZipFile=code("two"))
    api.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    api.add_permission(FunctionName="f", StatementId="s3", Action="lambda:InvokeFunction",
                       Principal="s3.amazonaws.com")
    api.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=3)

    credentials = tmp_path / "credentials"
    credentials.write_text("[foreign]\naws_access_key_id = a\naws_secret_access_key = b\n")
    server = start_server()
    profile = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    words = ("import", "aws", "--from-endpoint", foreign, "--from-profile", "foreign", "--from-region", "eu-west-1",
             "--all")
    planned = answer(server, *words, "--dry-run", environment=profile)
    assert [u["Subject"] for u in planned["Units"]] == ["role r", "layer l", "function f"]
    assert planned["Untold"], "moto does not know all of Lambda"
    # moto's links lead to AWS: code is what it cannot tell, which is said, and the rest is done.
    refused = meridian(server, *words, environment=profile, fails=True)
    assert "layer l: version 1 failed: " in refused and "function f: function f failed: " in refused
    mine = server.client("lambda")
    assert server.client("iam").list_role_policies(RoleName="r")["PolicyNames"] == ["p"]
    # Somebody has the packages.
    packages = tmp_path / "packages"
    packages.mkdir()
    for content in (make_zip({"text": "of the layer"}), code("one"), code("two")):
        (packages / (hashlib.sha256(content).hexdigest() + ".zip")).write_bytes(content)
    words = (*words, "--packages", packages)
    done = answer(server, *words, environment=profile)
    assert done["Failures"] == []
    settled(server, "f")
    found = mine.get_function(FunctionName="f")
    assert found["Configuration"]["Timeout"] == 7 and found["Configuration"]["MemorySize"] == 256
    assert found["Configuration"]["Environment"] == {"Variables": {"WHO": "x"}} and found["Tags"] == {"team": "a"}
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    assert mine.get_alias(FunctionName="f", Name="live")["FunctionVersion"] == "1"
    assert json.loads(mine.get_policy(FunctionName="f")["Policy"])["Statement"][0]["Principal"] == \
        {"Service": "s3.amazonaws.com"}
    for qualifier, text in (("1", "one"), ("$LATEST", "two")):
        assert json.load(mine.invoke(FunctionName="f", Qualifier=qualifier)["Payload"]) == text
    assert server.client("iam").list_role_policies(RoleName="r")["PolicyNames"] == ["p"]
    assert answer(server, *words, environment=profile)["StepsDone"] == 0
