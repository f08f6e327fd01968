"""Makes the requests in this folder. Needs botocore; run it from here."""
import datetime
import pathlib

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW.replace(tzinfo=None) if remove_tzinfo else NOW
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
LONG_LIVED = Credentials("AKIDEXAMPLE", SECRET)
SESSION = Credentials("ASIAEXAMPLE", SECRET, "the/token+==")


def write(name, request):
    prepared = request.prepare()
    path = prepared.url.split("127.0.0.1:4566", 1)[1]
    lines = ["%s %s HTTP/1.1" % (prepared.method, path), "Host:127.0.0.1:4566"]
    lines += ["%s:%s" % (k, v.decode() if isinstance(v, bytes) else v) for k, v in prepared.headers.items()]
    body = prepared.body or b""
    pathlib.Path(name + ".txt").write_bytes("\n".join(lines).encode() + b"\n\n" + body)


def client_request(service, credentials, operation, arguments):
    """What the client would send, caught after signing."""
    session = botocore.session.get_session()
    client = session.create_client(service, "us-east-1", endpoint_url="http://127.0.0.1:4566",
                                   aws_access_key_id=credentials.access_key,
                                   aws_secret_access_key=credentials.secret_key,
                                   aws_session_token=credentials.token)
    caught = {}

    def catch(request, **kwargs):
        caught["request"] = request
        return botocore.awsrequest.AWSResponse(request.url, 200, {}, None)

    client.meta.events.register("before-send." + service, catch)
    try:
        getattr(client, operation)(**arguments)
    except Exception:
        pass
    request = caught["request"]
    path = request.url.split("127.0.0.1:4566", 1)[1]
    lines = ["%s %s HTTP/1.1" % (request.method, path), "Host:127.0.0.1:4566"]
    for key, value in request.headers.items():
        if key.lower() in ("user-agent", "amz-sdk-invocation-id"):
            continue  # not signed, and different on every machine
        lines.append("%s:%s" % (key, value.decode() if isinstance(value, bytes) else value))
    body = request.body or b""
    return "\n".join(lines).encode() + b"\n\n" + (body if isinstance(body, bytes) else body.encode())


def main():
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    tag = "key with space/+=@"
    cases = {
        "lambda-invoke-arn": ("lambda", LONG_LIVED, "invoke", {"FunctionName": arn, "Qualifier": "$LATEST", "Payload": b'{"a":1}'}),
        "lambda-list-session": ("lambda", SESSION, "list_functions", {"Marker": "a b+c/=", "MaxItems": 10}),
        "lambda-untag": ("lambda", LONG_LIVED, "untag_resource", {"Resource": arn, "TagKeys": [tag, "a", "gr\u00fc\u00df"]}),
        "iam-create-role": ("iam", LONG_LIVED, "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}),
        "sts-identity": ("sts", SESSION, "get_caller_identity", {}),
    }
    for name, case in cases.items():
        pathlib.Path(name + ".txt").write_bytes(client_request(*case))
    for name, credentials in (("lambda-presigned", LONG_LIVED), ("lambda-presigned-session", SESSION)):
        request = AWSRequest("GET", "http://127.0.0.1:4566/2015-03-31/functions/arn%3Aaws%3Alambda/x?Qualifier=%24LATEST")
        botocore.auth.SigV4QueryAuth(credentials, "lambda", "us-east-1", expires=600).add_auth(request)
        write(name, request)


main()
