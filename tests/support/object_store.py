"""A server of objects that checks every signature with botocore's own code."""

import http.server
import urllib.parse

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret/+", "AWS_SESSION_TOKEN": "a token",
        "AWS_REGION": "eu-west-1"}


def is_signed(handler):
    """Whether botocore, with the same time, would have signed the request in the same way."""
    given = handler.headers.get("Authorization", "")
    names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest(handler.command, f"http://{handler.headers['Host']}{handler.path}",
                         headers={name: handler.headers[name] for name in names if name != "host"})
    request.context["timestamp"] = handler.headers["x-amz-date"]
    auth = S3SigV4Auth(Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], KEYS["AWS_SESSION_TOKEN"]),
                       "s3", KEYS["AWS_REGION"])
    canonical = auth.canonical_request(request)
    return given.endswith("Signature=" + auth.signature(auth.string_to_sign(request, canonical), request))


class Bucket(http.server.BaseHTTPRequestHandler):
    """Of all buckets: {(path, version): bytes}."""

    objects = {}

    def do_GET(self):
        path, _, query = self.path.partition("?")
        version = urllib.parse.parse_qs(query).get("versionId", [""])[0]
        found = self.objects.get((urllib.parse.unquote(path), version))
        if not is_signed(self):
            self.answer(403, b"<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message></Error>")
        elif found is None:
            self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")
        else:
            self.answer(200, found)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
