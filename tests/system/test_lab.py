"""AWS's workshop lab, unchanged but for the endpoint, with each of AWS's clients: a function is created, updated, invoked
and listed in one region, its code downloaded, and created again in the other."""

import base64
import json
import subprocess

import boto3
import pytest
from botocore.exceptions import ClientError

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def download(url, path):
    subprocess.run(["wget", "-q", "-O", str(path), url], check=True)
    return path.read_bytes()


def check_log_tail(tail):
    lines = tail.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("START RequestId: ")]
    printed = [i for i, line in enumerate(lines) if "hello from the lab" in line]
    ends = [i for i, line in enumerate(lines) if line.startswith("END RequestId: ")]
    reports = [i for i, line in enumerate(lines) if line.startswith("REPORT RequestId: ")]
    assert starts and printed and ends and reports, tail
    assert starts[0] < printed[0] < ends[0] < reports[0], tail


def lab_zip(make_zip, text):
    return make_zip({"index.js": "exports.handler = async (event) => {"
                                 f"console.log('hello from the lab'); return {{text: '{text}', event}}; }};\n"})


def test_with_the_aws_cli(server, make_zip, tmp_path):
    def aws(*words, region="us-east-1", check=True):
        done = subprocess.run([server.tool("aws"), *words, "--region", region, "--output", "json"], capture_output=True,
                              text=True, env=server.environment())
        if check:
            assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip().startswith("{") else done.stdout + done.stderr

    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    first.write_bytes(lab_zip(make_zip, "first"))
    second.write_bytes(lab_zip(make_zip, "second"))
    role = aws("iam", "create-role", "--role-name", "lab-cli", "--assume-role-policy-document", TRUST)["Role"]["Arn"]
    aws("iam", "attach-role-policy", "--role-name", "lab-cli", "--policy-arn", BASIC_EXECUTION)
    assert aws("sts", "get-caller-identity")["Account"] == server.account
    created = aws("lambda", "create-function", "--function-name", "lab-cli", "--runtime", "nodejs22.x", "--handler",
                  "index.handler", "--role", role, "--zip-file", f"fileb://{first}")
    assert created["State"] == "Pending"
    aws("lambda", "wait", "function-active-v2", "--function-name", "lab-cli")
    aws("lambda", "update-function-code", "--function-name", "lab-cli", "--zip-file", f"fileb://{second}")
    aws("lambda", "wait", "function-updated-v2", "--function-name", "lab-cli")
    answer = tmp_path / "answer.json"
    invoked = aws("lambda", "invoke", "--function-name", "lab-cli", "--payload",
                  '{"a":1}', "--log-type", "Tail", str(answer))
    assert invoked["StatusCode"] == 200 and "FunctionError" not in invoked
    assert json.loads(answer.read_text()) == {"text": "second", "event": {"a": 1}}
    check_log_tail(base64.b64decode(invoked["LogResult"]).decode())
    assert aws("lambda", "list-functions", region="sa-east-1")["Functions"] == []
    location = aws("lambda", "get-function", "--function-name", "lab-cli", "--query", "Code.Location").strip().strip('"')
    copy = tmp_path / "copy.zip"
    assert download(location, copy) == second.read_bytes()
    refused = aws("lambda", "update-function-code", "--function-name", "lab-cli", "--zip-file", f"fileb://{copy}",
                  region="sa-east-1", check=False)
    assert "ResourceNotFoundException" in refused
    aws("lambda", "create-function", "--function-name", "lab-cli", "--runtime", "nodejs22.x", "--handler", "index.handler",
        "--role", role, "--zip-file", f"fileb://{copy}", region="sa-east-1")
    aws("lambda", "wait", "function-active-v2", "--function-name", "lab-cli", region="sa-east-1")
    aws("lambda", "invoke", "--function-name", "lab-cli", "--payload", '{"b":2}', str(answer), region="sa-east-1")
    assert json.loads(answer.read_text()) == {"text": "second", "event": {"b": 2}}
    for region in ("us-east-1", "sa-east-1"):
        aws("lambda", "delete-function", "--function-name", "lab-cli", region=region)
        assert aws("lambda", "list-functions", region=region)["Functions"] == []


def test_with_boto3(server, make_zip, tmp_path):
    iam, sts = server.client("iam"), server.client("sts")
    here, there = server.client("lambda"), server.client("lambda", region="sa-east-1")
    role = iam.create_role(RoleName="lab-boto3", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="lab-boto3", PolicyArn=BASIC_EXECUTION)
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{server.account}:root"
    settings = {"FunctionName": "lab-boto3", "Runtime": "nodejs20.x", "Handler": "index.handler", "Role": role}
    here.create_function(**settings, Code={"ZipFile": lab_zip(make_zip, "first")})
    here.get_waiter("function_active_v2").wait(FunctionName="lab-boto3")
    second = lab_zip(make_zip, "second")
    here.update_function_code(FunctionName="lab-boto3", ZipFile=second)
    here.get_waiter("function_updated_v2").wait(FunctionName="lab-boto3")
    invoked = here.invoke(FunctionName="lab-boto3", Payload=b'{"a":1}', LogType="Tail")
    assert json.load(invoked["Payload"]) == {"text": "second", "event": {"a": 1}}
    check_log_tail(base64.b64decode(invoked["LogResult"]).decode())
    assert there.list_functions()["Functions"] == []
    copy = download(here.get_function(FunctionName="lab-boto3")["Code"]["Location"], tmp_path / "copy.zip")
    assert copy == second
    with pytest.raises(ClientError) as refused:
        there.update_function_code(FunctionName="lab-boto3", ZipFile=copy)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    there.create_function(**settings, Code={"ZipFile": copy})
    there.get_waiter("function_active_v2").wait(FunctionName="lab-boto3")
    assert json.load(there.invoke(FunctionName="lab-boto3", Payload=b'{"b":2}')["Payload"])["event"] == {"b": 2}
    for client in (here, there):
        client.delete_function(FunctionName="lab-boto3")
        assert client.list_functions()["Functions"] == []


def test_with_the_javascript_sdk(server, make_zip, tmp_path):
    for name in ("first", "second"):
        (tmp_path / f"{name}.zip").write_bytes(lab_zip(make_zip, name))
    done = subprocess.run(["node", str(server.js / "lab.mjs"), str(tmp_path)], capture_output=True, text=True,
                          env=server.environment(), timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    check_log_tail(json.loads(done.stdout.splitlines()[-1])["log"])
