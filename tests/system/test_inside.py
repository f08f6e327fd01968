"""What the code of a function reaches from inside its sandbox: the API of its region with the credentials of its role,
at AWS_ENDPOINT_URL, and nothing else."""

import json
import subprocess
import time
import uuid

import pytest
from conftest import Functions
from meridian_server import LAMBDA_TRUST, wait_until

# Runs the event's calls with boto3 as AWS's runtime has it: no endpoint, no keys, no region are given.
PYTHON = """
import json, os, threading, time, urllib.error, urllib.request
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

def call(service, operation, arguments, region=None):
    client = boto3.client(service, region_name=region, config=Config(retries={"total_max_attempts": 1}))
    try:
        answer = getattr(client, operation)(**arguments)
    except ClientError as error:
        return {"error": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
    if "Payload" in answer:
        answer["Payload"] = json.loads(answer["Payload"].read())
    return json.loads(json.dumps(answer, default=str))

def fetch(url, headers={}, data=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers, data=data), timeout=5) as answer:
            return {"status": answer.status, "body": answer.read().decode(errors="replace")}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode(), "type": error.headers.get("x-amzn-errortype")}

def handler(event, context):
    if not isinstance(event, dict):
        return event
    print("called", event.get("tag"))
    if "call" in event:
        return call(*event["call"])
    if "leave" in event:
        threading.Thread(target=call, args=event["leave"]).start()
        return time.sleep(1)
    if "sleep" in event:
        print("asleep", flush=True)
        return time.sleep(event["sleep"])
    if "fetch" in event:
        return fetch(*event["fetch"])
    if "link" in event:
        location = call("lambda", "get_function", {"FunctionName": event["link"]})["Code"]["Location"]
        return {"location": location, **fetch(location)}
    if "variable" in event:
        return os.environ.get(event["variable"])
    return event
"""

NODE = """
import { LambdaClient, InvokeCommand } from '@aws-sdk/client-lambda'
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts'

export const handler = async (event) => {
  if (event.invoke) {
    try {
      const answer = await new LambdaClient().send(
        new InvokeCommand({ FunctionName: event.invoke, Payload: JSON.stringify(event.payload) }))
      return { status: answer.StatusCode, payload: JSON.parse(Buffer.from(answer.Payload)) }
    } catch (error) {
      return { error: error.name, message: error.message }
    }
  }
  return (await new STSClient().send(new GetCallerIdentityCommand({}))).Arn
}
"""
COMMON_JS = """
const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts')
exports.handler = async () => (await new STSClient().send(new GetCallerIdentityCommand({}))).Arn
"""


class Roles:
    """Roles that Lambda may assume, removed in the end."""

    def __init__(self, server):
        self.server, self.iam, self.made = server, server.client("iam"), []

    def __call__(self, *statements):
        name = "inside-" + uuid.uuid4().hex[:8]
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
        self.made.append(name)
        if statements:
            self.allow(arn, *statements)
        return arn

    def allow(self, arn, *statements):
        self.iam.put_role_policy(RoleName=arn.rsplit("/", 1)[1], PolicyName="may", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **one} for one in statements]}))

    def remove_all(self):
        for name in self.made:
            for policy in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
                self.iam.delete_role_policy(RoleName=name, PolicyName=policy)
            self.iam.delete_role(RoleName=name)


@pytest.fixture
def roles(server):
    made = Roles(server)
    yield made
    made.remove_all()


@pytest.fixture
def inside(functions, make_zip, roles):
    """inside(statement…): a Python function whose role may do that."""
    def make(*statements, **settings):
        function = functions("python", code=make_zip({"handler.py": PYTHON}), Timeout=30, MemorySize=256, **settings)
        function.role = roles(*statements)
        function.configure(Role=function.role)
        return function
    return make


def role_name(function):
    return function.role.rsplit("/", 1)[1]


def session_arn(server, function):
    return f"arn:aws:sts::{server.account}:assumed-role/{role_name(function)}/{function.name}"


def test_a_function_invokes_another_if_its_role_may(server, functions, inside, roles):
    target = functions("cpp")
    function = inside()
    arn = f"arn:aws:lambda:us-east-1:{server.account}:function:{target.name}"
    invoke = {"call": ["lambda", "invoke", {"FunctionName": target.name, "Payload": '{"a": [1]}'}]}
    assert function.invoke(invoke).json == {
        "error": "AccessDeniedException",
        "message": f"User: {session_arn(server, function)} is not authorized to perform: lambda:InvokeFunction on resource: "
                   f"{arn} because no identity-based policy allows the lambda:InvokeFunction action"}
    roles.allow(function.role, {"Action": "lambda:InvokeFunction", "Resource": arn})
    answer = function.invoke({**invoke, "tag": "second"}, log=True)
    assert (answer.json["StatusCode"], answer.json["Payload"]) == (200, {"a": [1]}), answer
    assert "called second" in answer.log


def test_a_function_is_its_role(server, inside):
    function = inside()
    identity = function.invoke({"call": ["sts", "get_caller_identity", {}]}).json
    assert identity["Arn"] == session_arn(server, function)
    assert identity["Account"] == server.account


def test_a_function_calls_another_region(server, functions, inside):
    far = functions("cpp", region="sa-east-1")
    function = inside({"Action": "lambda:InvokeFunction"})
    call = ["lambda", "invoke", {"FunctionName": far.name, "Payload": '"far"'}]
    assert function.invoke({"call": call}).json["error"] == "ResourceNotFoundException"
    assert function.invoke({"call": [*call, "sa-east-1"]}).json["Payload"] == "far"


def test_all_services_answer(inside):
    function = inside({"Action": ["iam:ListRoles", "lambda:ListFunctions"]})
    roles_seen = function.invoke({"call": ["iam", "list_roles", {}]}).json["Roles"]
    assert role_name(function) in {role["RoleName"] for role in roles_seen}
    assert function.name in {f["FunctionName"] for f in function.invoke(
        {"call": ["lambda", "list_functions", {}]}).json["Functions"]}
    assert function.invoke({"call": ["iam", "list_users", {}]}).json["error"] == "AccessDenied"


def test_a_function_that_invokes_itself_has_its_own_limit(inside):
    function = inside({"Action": "lambda:InvokeFunction"})
    event = {"call": ["lambda", "invoke", {"FunctionName": function.name, "Payload": '"me"'}]}
    assert function.invoke(event).json["Payload"] == "me"
    function.api.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    assert function.invoke(event).json["error"] == "TooManyRequestsException"
    assert function.invoke("again").json == "again"


def test_a_link_to_code_works_where_it_was_asked_for(server, inside):
    function = inside({"Action": "lambda:GetFunction"})
    got = function.invoke({"link": function.name}).json
    assert got["location"].startswith("http://127.0.0.1:9002/_code/us-east-1/")
    assert got["status"] == 200 and got["body"].startswith("PK")


def test_a_function_url_answers_inside(server, functions, inside):
    target = functions("cpp")
    api = target.api
    url = api.create_function_url_config(FunctionName=target.name, AuthType="NONE")["FunctionUrl"]
    for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):
        extra = {"FunctionUrlAuthType": "NONE"} if action.endswith("Url") else {"InvokedViaFunctionUrl": True}
        api.add_permission(FunctionName=target.name, StatementId=action.replace(":", "-"), Action=action, Principal="*",
                           **extra)
    host = url.split("/")[2].split(":")[0]
    function = inside()
    # No name service is there: the name goes into the Host header.
    got = function.invoke({"fetch": ["http://127.0.0.1:9002/path?x=1", {"Host": host}]}).json
    assert got["status"] == 200, got
    event = json.loads(got["body"])
    assert (event["rawPath"], event["requestContext"]["http"]["sourceIp"]) == ("/path", "")
    assert "x-forwarded-for" not in event["headers"]


def test_the_endpoint_is_a_variable_that_a_function_may_replace(inside):
    assert inside().invoke({"variable": "AWS_ENDPOINT_URL"}).json == "http://127.0.0.1:9002"
    own = inside(variables={"AWS_ENDPOINT_URL": "http://elsewhere"})
    assert own.invoke({"variable": "AWS_ENDPOINT_URL"}).json == "http://elsewhere"


def test_nothing_is_had_without_a_signature(inside):
    function = inside({"Action": "*"})
    unsigned = function.invoke({"fetch": ["http://127.0.0.1:9002/2015-03-31/functions"]}).json
    assert (unsigned["status"], unsigned["type"]) == (403, "MissingAuthenticationTokenException")
    assert json.loads(unsigned["body"]) == {"message": "Missing Authentication Token"}
    for path in ("/meridian/v1/vault/status", "/2018-06-01/runtime/invocation/next"):
        assert function.invoke({"fetch": [f"http://127.0.0.1:9002{path}"]}).json["status"] in (403, 404), path


def test_without_signatures_outside_there_are_still_some_inside(start_server, make_zip):
    server = start_server(flags=["--auth", "off"])
    functions = Functions(server)
    function = functions("python", code=make_zip({"handler.py": PYTHON}), Timeout=30, MemorySize=256)
    unsigned = function.invoke({"fetch": ["http://127.0.0.1:9002/2015-03-31/functions"]}).json
    assert (unsigned["status"], unsigned["type"]) == (403, "MissingAuthenticationTokenException")
    assert function.invoke({"call": ["lambda", "list_functions", {}]}).json["error"] == "AccessDeniedException"


def test_a_function_cannot_be_another(server, inside):
    """Nobody but Lambda may assume a function's role, and a role's own credentials do not change that."""
    victim = inside({"Action": "iam:*"})
    attacker = inside({"Action": "sts:AssumeRole"})
    refused = attacker.invoke({"call": ["sts", "assume_role", {"RoleArn": victim.role, "RoleSessionName": "attacker"}]}).json
    assert refused.get("error") == "AccessDenied", refused
    for path in ("/", "/latest/meta-data/iam/security-credentials/", "/2018-06-01/runtime/credentials"):
        assert attacker.invoke({"fetch": [f"http://127.0.0.1:9001{path}"]}).json["status"] == 404


def test_a_request_from_inside_has_no_source_address(inside, roles):
    function = inside({"Action": "lambda:ListFunctions",
                       "Condition": {"IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "::/0"]}}})
    call = {"call": ["lambda", "list_functions", {}]}
    assert function.invoke(call).json["error"] == "AccessDeniedException"
    roles.allow(function.role, {"Action": "lambda:ListFunctions", "Condition": {"Null": {"aws:SourceIp": "true"}}})
    assert "Functions" in function.invoke(call).json


def test_a_frozen_environment_loses_nothing(functions, inside):
    target = functions("cpp")
    function = inside({"Action": "lambda:InvokeFunction"})
    call = {"call": ["lambda", "invoke", {"FunctionName": target.name, "Payload": "1"}]}
    for _ in range(3):
        assert function.invoke(call).json["Payload"] == 1
        time.sleep(0.3)  # it is frozen meanwhile


def test_a_stop_does_not_wait_for_what_functions_have_left_behind(start_server, make_zip):
    server = start_server(flags=["--stop-timeout", "10"])  # a stop that takes longer ends with status 3
    functions = Functions(server)
    sleeper = functions("python", code=make_zip({"handler.py": PYTHON}), Timeout=60)
    caller = functions("python", code=make_zip({"handler.py": PYTHON}), Timeout=60, MemorySize=256)
    Roles(server).allow(functions.role, {"Action": "lambda:InvokeFunction"})
    caller.invoke({"leave": ["lambda", "invoke", {"FunctionName": sleeper.name, "Payload": json.dumps({"sleep": 50})}]})
    wait_until(lambda: "asleep" in subprocess.run(
        [server.tool("meridian"), "logs", sleeper.name, "--data", str(server.data)], capture_output=True, text=True).stdout,
        what="the call of the function", every=0.2)
    assert server.stop() == 0


@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs22.x", "nodejs24.x"])
def test_the_sdk_for_javascript_is_there(server, functions, make_zip, roles, runtime):
    target = functions("cpp")
    function = functions("node", runtime, code=make_zip({"index.mjs": NODE}), Timeout=30, MemorySize=256)
    function.role = roles()
    function.configure(Role=function.role)
    assert function.invoke({}).json == session_arn(server, function)
    refused = function.invoke({"invoke": target.name, "payload": 1}).json
    assert refused["error"] == "AccessDeniedException"
    assert refused["message"].startswith(f"User: {session_arn(server, function)} is not authorized to perform: lambda:Inv")
    roles.allow(function.role, {"Action": "lambda:InvokeFunction"})
    assert function.invoke({"invoke": target.name, "payload": {"b": 2}}).json == {"status": 200, "payload": {"b": 2}}


def test_the_sdk_for_javascript_can_be_required(server, functions, make_zip, roles):
    function = functions("node", code=make_zip({"index.js": COMMON_JS}), Timeout=30, MemorySize=256)
    function.role = roles()
    function.configure(Role=function.role)
    assert function.invoke({}).json == session_arn(server, function)


def test_the_same_without_root(start_server, make_zip):
    server = start_server(user=(65534, 65534))
    functions, roles = Functions(server), Roles(server)
    target = functions("cpp")
    function = functions("python", code=make_zip({"handler.py": PYTHON}), Timeout=30, MemorySize=256)
    function.role = functions.role
    call = {"call": ["lambda", "invoke", {"FunctionName": target.name, "Payload": "[1]"}]}
    assert function.invoke({"call": ["sts", "get_caller_identity", {}]}).json["Arn"] == session_arn(server, function)
    assert function.invoke(call).json["error"] == "AccessDeniedException"
    roles.allow(function.role, {"Action": "lambda:InvokeFunction"})
    assert function.invoke(call).json["Payload"] == [1]
    unsigned = function.invoke({"fetch": ["http://127.0.0.1:9002/"]}).json
    assert unsigned["status"] == 403
