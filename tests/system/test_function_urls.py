"""Function URLs: a request becomes the function's event, its answer an HTTP response, and only those get in who may."""

import http.client
import json
import urllib.parse

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CODE = """
import json
def handler(event, context):
    body = event.get("body")
    if event["rawPath"] == "/fail":
        raise ValueError("on purpose")
    if event["rawPath"] == "/answer":
        return json.loads(body)
    return event
"""


def call(url, method="GET", path="/", body=None, headers=None, keys=None):
    """The answer of one request to a function URL; signed where keys are given."""
    host = urllib.parse.urlsplit(url).netloc
    headers = {"Host": host, **(headers or {})}
    if keys:
        request = AWSRequest(method, f"http://{host}{path}", data=body, headers=headers)
        SigV4Auth(Credentials(*keys), "lambda", "us-east-1").add_auth(request)
        headers = dict(request.headers)
    connection = http.client.HTTPConnection("127.0.0.1", int(host.rsplit(":", 1)[1]))
    try:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def open_to_everybody(function, **qualifier):
    for action, more in (("lambda:InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
                         ("lambda:InvokeFunction", {"InvokedViaFunctionUrl": True})):
        function.api.add_permission(FunctionName=function.name, StatementId=action.split(":")[1], Principal="*",
                                    Action=action, **more, **qualifier)


@pytest.fixture
def function(functions, make_zip):
    return functions("python", code=make_zip({"handler.py": CODE}))


def test_everybody_where_the_policy_says_so(function, server):
    url = function.api.create_function_url_config(FunctionName=function.name, AuthType="NONE")["FunctionUrl"]
    forbidden = ("Forbidden. For troubleshooting Function URL authorization issues, see: "
                 "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html")
    status, headers, body = call(url)
    assert (status, headers["x-amzn-ErrorType"], json.loads(body)) == (403, "AccessDeniedException", {"Message": forbidden})
    function.api.add_permission(FunctionName=function.name, StatementId="url", Principal="*",
                                Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
    assert call(url)[0] == 403, "lambda:InvokeFunction is asked for too"
    function.api.add_permission(FunctionName=function.name, StatementId="invoke", Principal="*",
                                Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True)

    status, headers, body = call(url, "POST", "/a%20b/c?x=1&x=2&y=%2F", body=b'{"hi":1}',
                                 headers={"Content-Type": "application/json", "Cookie": "a=b; c=d", "X-One": "1"})
    event = json.loads(body)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert event["rawPath"] == "/a%20b/c" and event["rawQueryString"] == "x=1&x=2&y=%2F"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "/"} and event["cookies"] == ["a=b", "c=d"]
    assert (event["body"], event["isBase64Encoded"], event["headers"]["x-one"]) == ('{"hi":1}', False, "1")
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert event["requestContext"]["requestId"] == headers["x-amzn-RequestId"]
    assert event["headers"]["x-amzn-trace-id"] == headers["x-amzn-trace-id"]

    assert call(url, "POST", "/fail")[0::2] == (502, b"Internal Server Error")
    answer = {"statusCode": 418, "headers": {"x-tea": "green"}, "cookies": ["k=v"], "body": "dGVh", "isBase64Encoded": True}
    status, headers, body = call(url, "PUT", "/answer", body=json.dumps(answer), headers={"Content-Type": "text/plain"})
    assert (status, headers["x-tea"], headers["set-cookie"], body) == (418, "green", "k=v", b"tea")
    assert call(url, "HEAD")[2] == b""
    assert call(url, "POST", body=b"x" * (6 * 1024 * 1024 + 1))[0] == 413

    function.api.delete_function_url_config(FunctionName=function.name)
    status, headers, body = call(url)
    assert (status, json.loads(body)) == (403, {"Message": None})


def test_only_who_signs_and_may(function, server):
    url = function.api.create_function_url_config(FunctionName=function.name, AuthType="AWS_IAM")["FunctionUrl"]
    root = (server.access_key, server.secret_key)
    assert call(url)[0] == 403
    assert call(url, keys=(root[0], "wrong"))[0] == 403
    status, _, body = call(url, keys=root)
    assert status == 200
    context = json.loads(body)["requestContext"]
    assert context["accountId"] == server.account
    assert context["authorizer"]["iam"]["userArn"] == f"arn:aws:iam::{server.account}:root"
    assert "authorization" not in json.loads(body)["headers"]

    iam = server.client("iam")
    iam.create_user(UserName="url-user")
    key = iam.create_access_key(UserName="url-user")["AccessKey"]
    keys = (key["AccessKeyId"], key["SecretAccessKey"])
    assert call(url, keys=keys)[0] == 403
    iam.put_user_policy(UserName="url-user", PolicyName="url", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
             "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}},
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*",
             "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}}]}))
    assert call(url, keys=keys)[0] == 200
    from boto3 import client
    api = client("lambda", region_name="us-east-1", endpoint_url=server.endpoint, aws_access_key_id=keys[0],
                 aws_secret_access_key=keys[1])
    with pytest.raises(api.exceptions.ClientError):
        api.invoke(FunctionName=function.name)


def test_an_alias_has_a_url_of_its_own(function, server):
    function.api.publish_version(FunctionName=function.name)
    function.api.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    url = function.api.create_function_url_config(FunctionName=function.name, Qualifier="live", AuthType="NONE")["FunctionUrl"]
    open_to_everybody(function, Qualifier="live")
    assert call(url)[0] == 200
    function.api.delete_alias(FunctionName=function.name, Name="live")
    status, _, body = call(url)
    assert status == 403 and json.loads(body)["Message"].startswith("Forbidden. "), body


def test_cors(function, server):
    url = function.api.create_function_url_config(
        FunctionName=function.name, AuthType="NONE",
        Cors={"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 60})["FunctionUrl"]
    open_to_everybody(function)
    ask = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    status, headers, body = call(url, "OPTIONS", headers=ask)
    assert (status, headers["Access-Control-Allow-Origin"], headers["Access-Control-Max-Age"], body) == (
        200, "https://a.example", "60", b"")
    assert call(url, headers=ask)[1]["Access-Control-Allow-Origin"] == "https://a.example"
    assert "Access-Control-Allow-Origin" not in call(url, headers={"Origin": "https://b.example"})[1]


def test_unknown_urls(server):
    port = server.endpoint.rsplit(":", 1)[1]
    for host in ("nobody", "x" * 300):
        status, _, body = call(f"http://{host}.lambda-url.us-east-1.localhost:{port}")
        assert (status, json.loads(body)) == (403, {"Message": None})
    assert call(f"http://nobody.lambda-url.mars-1.localhost:{port}")[0] == 403
