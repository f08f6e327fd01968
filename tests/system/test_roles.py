"""A function's environment holds credentials of its execution role: real, temporary, and good for what the role may."""

import json

import pytest
from botocore.exceptions import ClientError

CODE = """
import os
def handler(event, context):
    return {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
"""


def client_of(server, service, keys):
    import boto3
    return boto3.client(service, region_name="us-east-1", endpoint_url=server.endpoint,
                        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"], aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
                        aws_session_token=keys["AWS_SESSION_TOKEN"])


def test_a_function_acts_as_its_role(server, functions, make_zip):
    function = functions("python", code=make_zip({"handler.py": CODE}))
    keys = function.invoke({}).json
    role = function.api.get_function_configuration(FunctionName=function.name)["Role"].rsplit("/", 1)[1]
    identity = client_of(server, "sts", keys).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{server.account}:assumed-role/{role}/{function.name}"
    with pytest.raises(ClientError) as refused:
        client_of(server, "iam", keys).list_roles()
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    api = client_of(server, "lambda", keys)
    with pytest.raises(ClientError) as refused:
        api.invoke(FunctionName=function.name)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert refused.value.response["Error"]["Message"].startswith(
        f"User: {identity['Arn']} is not authorized to perform: lambda:InvokeFunction on resource: ")

    iam = server.client("iam")
    iam.put_role_policy(RoleName=role, PolicyName="invoke", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*",
                      "Condition": {"ArnLike": {"lambda:SourceFunctionArn": f"arn:aws:lambda:*:*:function:{function.name}"}}}}))
    try:
        assert json.loads(api.invoke(FunctionName=function.name)["Payload"].read()) == keys
        with pytest.raises(ClientError):
            api.get_function(FunctionName=function.name)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="invoke")
