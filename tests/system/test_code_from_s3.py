"""Code from S3: a server of objects that checks every signature with botocore's own code, over HTTP and HTTPS."""

import http.server
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading

import boto3
import pytest
from botocore.exceptions import ClientError

from conftest import Functions, package
from object_store import KEYS, Bucket


@pytest.fixture(params=["http", "https"])
def endpoint(request):
    """(URL, variables) of a server of objects."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    variables, directory = {}, None
    if request.param == "https":
        # Where the server's ordinary user may read it.
        directory = pathlib.Path(tempfile.mkdtemp(prefix="meridian-test-"))
        directory.chmod(0o755)
        certificate, key = directory / "cert.pem", directory / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-out", certificate, "-keyout", key], check=True,
                       capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        variables["AWS_CA_BUNDLE"] = str(certificate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{request.param}://localhost:{server.server_port}", variables
    server.shutdown()
    if directory:
        shutil.rmtree(directory)


def test_code_and_layers_come_from_s3(start_server, endpoint, make_zip):
    url, variables = endpoint
    server = start_server(environment={**KEYS, **variables, "AWS_ENDPOINT_URL_S3": url})
    Bucket.objects = {("/bucket/code/ü +.zip", ""): package("cpp"), ("/bucket/l", "v/1"): make_zip({"file": b"x"}),
                      ("/bucket/no-zip", ""): b"hello"}
    functions = Functions(server)
    api = functions.api()
    with pytest.raises(ClientError, match=r"S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist\."):
        functions("cpp", s3={"S3Bucket": "bucket", "S3Key": "missing"})
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        functions("cpp", s3={"S3Bucket": "bucket", "S3Key": "no-zip"})
    function = functions("cpp", s3={"S3Bucket": "bucket", "S3Key": "code/ü +.zip"})
    assert function.invoke({"a": 1}).json == {"a": 1}
    layer = api.publish_layer_version(LayerName="l", Content={"S3Bucket": "bucket", "S3Key": "l", "S3ObjectVersion": "v/1"})
    assert layer["Version"] == 1
    api.update_function_code(FunctionName=function.name, S3Bucket="bucket", S3Key="code/ü +.zip")
    function.settle()

    # A caller who may create functions and may not read the bucket.
    iam = server.client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
                        '"Action":["lambda:*","iam:PassRole"],"Resource":"*"}]}')
    key = iam.create_access_key(UserName="u")["AccessKey"]
    other = boto3.client("lambda", region_name="us-east-1", endpoint_url=server.endpoint,
                         aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    with pytest.raises(ClientError, match="s3:GetObject"):
        other.update_function_code(FunctionName=function.name, S3Bucket="bucket", S3Key="code/ü +.zip")


@pytest.mark.parametrize("endpoint", ["https"], indirect=True)
def test_a_certificate_that_nobody_vouches_for_is_not_believed(start_server, endpoint):
    server = start_server(environment={**KEYS, "AWS_ENDPOINT_URL_S3": endpoint[0]})
    with pytest.raises(ClientError, match="The S3 endpoint could not be reached"):
        Functions(server)("cpp", s3={"S3Bucket": "bucket", "S3Key": "k"})
