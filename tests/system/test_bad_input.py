"""Bad input at the real port. After each: the server answers, and nothing is half-stored."""

import base64
import concurrent.futures
import hashlib
import io
import json
import os
import pathlib
import random
import socket
import time
import urllib.parse
import uuid
import zipfile

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from meridian_server import TESTS

ZIPPED_MAX, UNZIPPED_MAX = 52_428_800, 262_144_000
FUNCTIONS_PATH = "/2015-03-31/functions"
SUITE = sorted((TESTS / "vectors/json").glob("*.json"))


def package(entries, *, method=zipfile.ZIP_DEFLATED):
    """A zip of (name, content, mode); names and contents may be anything."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            entry.compress_type = method
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return out.getvalue()


def one_file(name, content=b"x", mode=0o100644, **more):
    return package([(name, content, mode)], **more)


GOOD_ZIP = one_file("bootstrap", b"#!/bin/sh\n", 0o100755)


class Port:
    """The server's port, spoken to in signed requests and in raw bytes."""

    def __init__(self, server):
        self.server = server
        address = urllib.parse.urlsplit(server.endpoint)
        self.address = (address.hostname, address.port)

    def signed(self, method, path, body=b"", headers=None, service="lambda"):
        """The bytes of a signed request: head, body."""
        request = AWSRequest(method, self.server.endpoint + path, data=body, headers=dict(headers or {}))
        SigV4Auth(Credentials(self.server.access_key, self.server.secret_key), service, "us-east-1").add_auth(request)
        fields = {**request.headers, "Host": "%s:%d" % self.address, "Content-Length": str(len(body))}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"
        return head.encode(), body

    def connect(self, timeout=60):
        connection = socket.create_connection(self.address, timeout)
        return connection

    def send(self, *pieces, timeout=60):
        """Sends and reads one answer: (status, headers, body)."""
        with self.connect(timeout) as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before everything was sent: the answer is there all the same
            return read_answer(connection)

    def request(self, method, path, body=b"", headers=None, service="lambda"):
        return self.send(*self.signed(method, path, body, headers, service))

    def create(self, **settings):
        name = settings.setdefault("FunctionName", "bad-" + uuid.uuid4().hex[:12])
        request = {"Runtime": "provided.al2023", "Handler": "bootstrap",
                   "Role": f"arn:aws:iam::{self.server.account}:role/{self.role}", **settings}
        if isinstance(request.get("Code"), bytes):
            request["Code"] = {"ZipFile": base64.b64encode(request["Code"]).decode()}
        return name, self.request("POST", FUNCTIONS_PATH, json.dumps(request).encode(),
                                  {"Content-Type": "application/json"})


def read_answer(connection):
    buffer = b""
    try:
        while b"\r\n\r\n" not in buffer:
            piece = connection.recv(65536)
            if not piece:
                return None, {}, buffer
            buffer += piece
        head, body = buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        while len(body) < int(headers.get("content-length", 0)):
            piece = connection.recv(65536)
            if not piece:
                break
            body += piece
        return int(lines[0].split(" ")[1]), headers, body[:int(headers.get("content-length", 0))]
    except ConnectionResetError:
        return None, {}, buffer


@pytest.fixture(scope="session")
def port(server, session_functions):
    port = Port(server)
    port.role = session_functions.role.rsplit("/", 1)[1]
    return port


@pytest.fixture(autouse=True)
def still_answers(port):
    """After each case the server answers, holds no function of it, and runs no process for it."""
    pid = port.server.meridiand_pid
    yield
    status, _, body = port.request("GET", FUNCTIONS_PATH + "/")
    assert status == 200, body
    names = [f["FunctionName"] for f in json.loads(body)["Functions"]]
    assert not [name for name in names if name.startswith("bad-")], names
    assert port.server.meridiand_pid == pid, "it is the same process"


def refused(answer, status, name, message=None):
    got, headers, body = answer
    assert got == status, (got, headers, body[:2000])
    assert headers.get("x-amzn-errortype", "").split(":")[0] == name, (headers, body[:2000])
    text = json.loads(body).get("Message", json.loads(body).get("message"))
    if message is not None:
        assert text == message
    return text


# Packages

BAD_UNZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
UNZIPPED_TOO_LARGE = "Unzipped size must be smaller than 262144000 bytes"


def claims_less(content_size):
    """A file whose size in the directory and the local header is smaller than what it unpacks to."""
    data = one_file("big", b"\0" * content_size)
    true = content_size.to_bytes(4, "little")
    assert data.count(true) >= 2
    return data.replace(true, (10).to_bytes(4, "little"))


def zip_of_many(count):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for index in range(count):
            archive.writestr(zipfile.ZipInfo(f"{index:x}"), b"")
    return out.getvalue()


PACKAGES = {
    "text": lambda: b"this is not a zip",
    "empty": lambda: b"",
    "gzip": lambda: __import__("gzip").compress(b"x" * 1000),
    "end-only-cut": lambda: GOOD_ZIP[-10:],
    "cut off": lambda: GOOD_ZIP[:-10],
    "first half": lambda: GOOD_ZIP[:len(GOOD_ZIP) // 2],
    "flipped data": lambda: one_file("a", random.Random(1).randbytes(1000)).replace(
        random.Random(1).randbytes(1000)[500:520], b"\xff" * 20),
    "parent": lambda: one_file("../escape"),
    "inner parent": lambda: one_file("a/../../escape"),
    "absolute": lambda: one_file("/etc/escape"),
    "link to absolute": lambda: one_file("link", "/etc/passwd", 0o120777),
    "link to parent": lambda: one_file("a/link", "../../etc/passwd", 0o120777),
    "file under a link": lambda: package([("d", "/tmp", 0o120777), ("d/file", b"x", 0o100644)]),
    "same name twice": lambda: package([("a", b"1", 0o100644), ("a/b", b"2", 0o100644)]),
    "device": lambda: one_file("null", b"", 0o020666),
    "fifo": lambda: one_file("fifo", b"", 0o010666),
    "a very long name": lambda: one_file("n" * 5000),
    "sizes that lie": lambda: claims_less(5_000_000),
    "too many entries": lambda: zip_of_many(100_001),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", PACKAGES)
def test_bad_package(port, kind):
    name, answer = port.create(Code=PACKAGES[kind]())
    if kind == "empty":
        assert answer[0] == 400, answer
    else:
        refused(answer, 400, "InvalidParameterValueException", BAD_UNZIP)
    assert port.request("GET", f"{FUNCTIONS_PATH}/{name}")[0] == 404


@pytest.mark.parametrize("content", ["zeros of 250 MB and a byte", "many files of zeros"])
def test_zip_bomb(port, content):
    if content == "many files of zeros":
        code = package([(f"f{i}", b"\0" * 10_000_000, 0o100644) for i in range(30)])
    else:
        code = one_file("zeros", b"\0" * (UNZIPPED_MAX + 1))
    _, answer = port.create(Code=code)
    refused(answer, 400, "InvalidParameterValueException", UNZIPPED_TOO_LARGE)


def test_overlapping_entries_count_each_time(port):
    """A bomb that refers to the same data from many entries."""
    kernel = 1_000_000
    inner = one_file("a", b"\0" * kernel)
    local_end = inner.index(b"PK\x01\x02")
    local, rest = inner[:local_end], inner[local_end:]
    entry, end = rest[:rest.index(b"PK\x05\x06")], rest[rest.index(b"PK\x05\x06"):]
    count = 400
    directory = entry * count
    end = end[:8] + count.to_bytes(2, "little") * 2 + len(directory).to_bytes(4, "little") + end[16:]
    _, answer = port.create(Code=local + directory + end)
    assert answer[0] == 400, answer
    assert refused(answer, 400, "InvalidParameterValueException") in (BAD_UNZIP, UNZIPPED_TOO_LARGE)


def test_a_byte_less_than_250_megabytes_is_taken(port, functions):
    chunk = random.Random(7).randbytes(1 << 14)  # within the window of deflate
    content = (chunk * (UNZIPPED_MAX // len(chunk)))[:-1]  # "must be smaller than"
    name, (status, _, body) = port.create(Code=one_file("big", content))
    assert status == 201, body
    function = functions.api()
    function.get_waiter("function_active_v2").wait(FunctionName=name)
    function.delete_function(FunctionName=name)


def test_a_package_over_50_megabytes(port):
    code = one_file("noise", random.Random(1).randbytes(ZIPPED_MAX), method=zipfile.ZIP_STORED)
    name, answer = port.create(Code=code)
    refused(answer, 413, "RequestEntityTooLargeException", "Zipped size must be smaller than 52428800 bytes")


def test_a_request_over_the_limit(port):
    body = json.dumps({"FunctionName": "bad-large", "Code": {"ZipFile": "A" * 70_200_000}}).encode()
    answer = port.request("POST", FUNCTIONS_PATH, body, {"Content-Type": "application/json"})
    refused(answer, 413, "RequestEntityTooLargeException",
            "Request must be smaller than 70167211 bytes for the CreateFunction operation")


def test_a_length_that_is_absurd(port):
    head, _ = port.signed("POST", FUNCTIONS_PATH)
    answer = port.send(head.replace(b"Content-Length: 0", b"Content-Length: 99999999999999"), timeout=5)
    assert answer[0] in (400, 413), answer


def test_bad_update_leaves_the_old_code(port, functions):
    function = functions("cpp")
    before = function.api.get_function_configuration(FunctionName=function.name)
    for kind in ("text", "parent", "link to absolute"):
        body = json.dumps({"ZipFile": base64.b64encode(PACKAGES[kind]()).decode()}).encode()
        refused(port.request("PUT", f"{FUNCTIONS_PATH}/{function.name}/code", body), 400,
                "InvalidParameterValueException", BAD_UNZIP)
    after = function.api.get_function_configuration(FunctionName=function.name)
    assert (after["CodeSha256"], after["RevisionId"]) == (before["CodeSha256"], before["RevisionId"])
    assert function.invoke({"a": 1}).json == {"a": 1}


# Settings

def constraint(value, member, text):
    return f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {text}"


@pytest.mark.parametrize("settings, error, message", [
    ({"FunctionName": "a b"}, "ValidationException", None),
    ({"FunctionName": "ä"}, "ValidationException", None),
    ({"FunctionName": ""}, "ValidationException", None),
    ({"FunctionName": "x" * 65}, "InvalidParameterValueException",
     constraint("x" * 65, "functionName", "Member must have length less than or equal to 64")),
    ({"MemorySize": 127}, "ValidationException",
     constraint(127, "memorySize", "Member must have value greater than or equal to 128")),
    ({"MemorySize": 10241}, "ValidationException",
     constraint(10241, "memorySize", "Member must have value less than or equal to 10240")),
    ({"Timeout": 0}, "ValidationException",
     constraint(0, "timeout", "Member must have value greater than or equal to 1")),
    ({"Timeout": 901}, "ValidationException",
     constraint(901, "timeout", "Member must have value less than or equal to 900")),
    ({"Timeout": -(2 ** 40)}, None, None),
    ({"Timeout": "3"}, None, None),
    ({"Timeout": 1.5}, None, None),
    ({"MemorySize": None, "Timeout": {"a": 1}}, None, None),
    ({"Handler": "with space"}, "ValidationException",
     constraint("with space", "handler", r"Member must satisfy regular expression pattern: [^\s]+")),
    ({"Handler": "h" * 129}, "ValidationException",
     constraint("h" * 129, "handler", "Member must have length less than or equal to 128")),
    ({"Runtime": "cobol85"}, "InvalidParameterValueException", None),
    ({"Role": "not an arn"}, "ValidationException", None),
    ({"Role": "arn:aws:iam::123456789012:role/there-is-none"}, "InvalidParameterValueException", None),
    ({"EphemeralStorage": {"Size": 100}}, "ValidationException", None),
    ({"Environment": {"Variables": {"A": "x"}}}, "ValidationException", None),
    ({"Environment": {"Variables": {"BIG": "x" * 4100}}}, "InvalidParameterValueException", None),
    ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", None),
    # What stands behind a zero byte would be a variable of its own.
    ({"Environment": {"Variables": {"ZERO": "a\0AWS_REGION=b"}}}, "InvalidParameterValueException", None),
    ({"Handler": "a\0AWS_REGION=b"}, "InvalidParameterValueException", None),
    ({"Tags": {f"t{i}": "x" for i in range(51)}}, None, None),
    ({"Code": {}}, None, None),
    ({"Code": {"ZipFile": "not base64!"}}, None, None),
    ({"Code": []}, None, None),
])
def test_bad_settings(port, settings, error, message):
    given = {"Code": GOOD_ZIP, **settings}
    _, answer = port.create(**given)
    status, headers, body = answer
    assert 400 <= status < 500 and headers["x-amzn-errortype"], (status, headers, body[:1000])
    if error:
        refused(answer, 400, error, message)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"FunctionName":"bad-x"',
                                  b"[" * 100_000, b'{"a":' * 50_000, b'{"FunctionName":"\\ud800"}',
                                  b'{"FunctionName":"bad-x","FunctionName":"bad-y"}', b"\0" * 1000],
                         ids=lambda b: repr(b[:20]))
def test_bodies_that_are_no_request(port, body):
    for method, path in (("POST", FUNCTIONS_PATH), ("PUT", FUNCTIONS_PATH + "/bad-none/configuration")):
        status, headers, answer = port.request(method, path, body, {"Content-Type": "application/json"})
        assert 400 <= status < 500, (status, answer[:500])
        assert headers.get("x-amzn-errortype"), headers


# Connections

def test_a_body_cut_off(port, functions):
    for at in (0, 1, 100, 10_000):
        name = f"bad-cut-{at}"
        body = json.dumps({"FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap",
                           "Role": functions.role, "Description": "x" * 20_000,
                           "Code": {"ZipFile": base64.b64encode(GOOD_ZIP).decode()}}).encode()
        head, body = port.signed("POST", FUNCTIONS_PATH, body)
        with port.connect() as connection:
            connection.sendall(head + body[:at])
            connection.shutdown(socket.SHUT_WR)
            status, _, answer = read_answer(connection)
        assert status in (None, 400), answer
        assert port.request("GET", f"{FUNCTIONS_PATH}/{name}")[0] == 404


def test_an_invoke_cut_off(port, functions):
    function = functions("cpp")
    head, body = port.signed("POST", f"{FUNCTIONS_PATH}/{function.name}/invocations", b'{"a":"' + b"x" * 5000 + b'"}')
    with port.connect() as connection:
        connection.sendall(head + body[:1000])
    assert function.invoke({"b": 1}).json == {"b": 1}


def test_a_client_that_leaves_during_its_invocation(port, functions):
    function = functions("cpp", Timeout=20)
    head, body = port.signed("POST", f"{FUNCTIONS_PATH}/{function.name}/invocations", b'{"do":"sleep","ms":1000}')
    for _ in range(3):
        with port.connect() as connection:
            connection.sendall(head + body)
            time.sleep(0.1)
    assert function.invoke({"b": 1}).json == {"b": 1}


def test_header_flood(port):
    many = b"".join(b"X-Flood-%d: %s\r\n" % (i, b"y" * 50) for i in range(5_000))
    for flood in (many, b"X-Flood: " + b"y" * 1_000_000 + b"\r\n"):
        head, _ = port.signed("GET", FUNCTIONS_PATH)
        status, _, body = port.send(head[:-2] + flood + b"\r\n", timeout=10)
        assert status in (None, 400, 413, 431), (status, body[:500])
    with port.connect(10) as connection:  # a head that never ends
        try:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(2000):
                connection.sendall(b"X-Endless: " + b"y" * 1000 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return
        status, _, _ = read_answer(connection)
        assert status in (None, 400, 431)


@pytest.mark.parametrize("raw", [
    b"\r\n\r\n", b"\0\1\2\3" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nBad Header : y\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
], ids=lambda raw: repr(raw[:45]))
def test_what_is_no_http(port, raw):
    with port.connect(20) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        status, _, _ = read_answer(connection)
    assert status is None or 400 <= status < 600 and status != 500, status


def test_slow_clients(port, functions):
    """A hundred connections that send a byte at a time hold nobody up, and are closed in the end."""
    function = functions("cpp")
    slow = [port.connect() for _ in range(100)]
    try:
        head, _ = port.signed("GET", FUNCTIONS_PATH)
        started = time.monotonic()
        for position in range(5):
            for connection in slow:
                connection.sendall(head[position:position + 1])
            took = time.monotonic()
            assert function.invoke({"n": position}).json == {"n": position}
            assert time.monotonic() - took < 2
        # The head must be complete in 15 s.
        slow[0].settimeout(30)
        assert read_answer(slow[0])[0] in (None, 408), "it was waited for without end"
        assert time.monotonic() - started < 25
    finally:
        for connection in slow:
            connection.close()


def test_a_slow_reader(port, functions):
    """A client that does not read its answer costs the others nothing."""
    function = functions("cpp", MemorySize=512)
    head, body = port.signed("POST", f"{FUNCTIONS_PATH}/{function.name}/invocations", b'{"do":"big","bytes":6000000}')
    connections = []
    try:
        for _ in range(5):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(port.address)
            connection.sendall(head + body)
            connections.append(connection)
        time.sleep(0.5)
        assert function.invoke({"n": 1}).json == {"n": 1}
    finally:
        for connection in connections:
            connection.close()


def test_two_requests_in_one(port, functions):
    """Pipelined requests are answered in order; what stands behind a body is a request of its own."""
    function = functions("cpp")
    one = b"".join(port.signed("POST", f"{FUNCTIONS_PATH}/{function.name}/invocations", b'{"n":1}'))
    two = b"".join(port.signed("POST", f"{FUNCTIONS_PATH}/{function.name}/invocations", b'{"n":2}'))
    with port.connect(20) as connection:
        connection.sendall(one + two)
        received = b""
        while received.count(b"HTTP/1.1 200") < 2 or b'{"n":2}' not in received:
            piece = connection.recv(65536)
            assert piece, received
            received += piece
    assert received.index(b'{"n":1}') < received.index(b'{"n":2}')
    # A request hidden in the body of another is no request.
    head, body = port.signed("POST", f"{FUNCTIONS_PATH}/{function.name}/invocations", json.dumps(
        one.decode("latin-1")).encode())
    status, _, answer = port.send(head, body)
    assert status == 200 and answer == body


def test_a_smuggled_body(port):
    """Content-Length and Transfer-Encoding together: one answer, then the connection is closed."""
    head, _ = port.signed("GET", FUNCTIONS_PATH)
    hidden = b"DELETE /2015-03-31/functions/x HTTP/1.1\r\nHost: x\r\n\r\n"
    with port.connect(20) as connection:
        connection.sendall(head.replace(b"Content-Length: 0", b"Content-Length: %d\r\nTransfer-Encoding: chunked" % (
            len(hidden) + 5)) + b"0\r\n\r\n" + hidden)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    assert received.count(b"HTTP/1.1 ") <= 1 and not received.startswith(b"HTTP/1.1 2"), received


@pytest.mark.parametrize("method, path", [("GET", "/"), ("GET", "/no/such/path"), ("POST", "/2015-03-31/nothing"),
                                          ("PATCH", FUNCTIONS_PATH), ("GET", "/" + "a/" * 2000),
                                          ("GET", "/meridian/v1/nothing"), ("GET", "/%00"), ("TRACE", "/")])
def test_unknown_path(port, method, path):
    status, headers, body = port.request(method, path)
    assert 400 <= status <= 501 and status != 500, (status, body[:500])
    assert headers.get("x-amzn-requestid"), headers


@pytest.mark.parametrize("method, path, name", [
    ("GET", "/2025-11-30/capacity-providers", "ListCapacityProviders"),
    ("POST", "/2025-11-30/capacity-providers", "CreateCapacityProvider"),
    ("GET", "/2025-12-01/functions/x/durable-executions", "ListDurableExecutionsByFunction")])
def test_an_operation_that_is_not_there_yet(port, method, path, name):
    status, _, body = port.request(method, path, b"{}" if method == "POST" else b"")
    assert status == 501 and name.encode() in body, (status, body)


def test_many_connections(port):
    connections = []
    try:
        for _ in range(300):
            connections.append(port.connect())
        assert port.request("GET", FUNCTIONS_PATH + "/")[0] == 200
    finally:
        for connection in connections:
            connection.close()


# Payloads

def test_json_payloads(port, functions):
    """JSON's grammar decides 200 or 400 (files i_… may be either); what is accepted arrives byte for byte."""
    function = functions("cpp", Timeout=20)
    assert len(SUITE) > 300
    failures = []
    for path in SUITE:
        payload = path.read_bytes()
        status, headers, body = port.request("POST", f"{FUNCTIONS_PATH}/{function.name}/invocations", payload)
        kind = path.name[0]
        accepted = status == 200 and "x-amz-function-error" not in headers
        rejected = status == 400 and headers.get("x-amzn-errortype", "").startswith("InvalidRequestContentException")
        # An empty body is {} by AWS's rule, not by the grammar's.
        expected = {"y": accepted, "n": rejected or not payload, "i": accepted or rejected}[kind]
        if not expected:
            failures.append((path.name, status, body[:100]))
        if accepted and payload and body != payload:
            failures.append((path.name, "changed", payload[:50], body[:50]))
    assert not failures, failures


def test_payload_sizes(port, functions):
    function = functions("cpp", MemorySize=512, Timeout=20)
    limit = 6_291_456
    whole = b'"' + b"x" * (limit - 2) + b'"'
    answer = function.invoke(payload=whole)
    assert answer.error is None and hashlib.sha256(answer.raw).digest() == hashlib.sha256(whole).digest()
    refused(port.request("POST", f"{FUNCTIONS_PATH}/{function.name}/invocations", whole + b" "), 413,
            "RequestEntityTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeFunction operation")


def test_bad_invocations(port, functions):
    function = functions("cpp")
    path = f"{FUNCTIONS_PATH}/{function.name}/invocations"
    for headers in ({"X-Amz-Invocation-Type": "Sideways"}, {"X-Amz-Log-Type": "Everything"},
                    {"X-Amz-Client-Context": "!!!"}, {"X-Amz-Client-Context": "e30=" * 2000}):
        status, answered, body = port.request("POST", path, b"{}", headers)
        assert status == 400 and answered.get("x-amzn-errortype"), (headers, status, body)
    for target in (f"{path}?Qualifier=99", f"{FUNCTIONS_PATH}/no-such-function/invocations",
                   f"{FUNCTIONS_PATH}/{function.name}:nope/invocations"):
        refused(port.request("POST", target, b"{}"), 404, "ResourceNotFoundException")


def test_nothing_leaks(port, functions):
    """Bad requests of every kind in a row leave no descriptors behind, and little memory."""
    def facts():
        pid = port.server.meridiand_pid
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        memory = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
        return len(os.listdir(f"/proc/{pid}/fd")), memory

    def round_of_bad_requests(_):
        for kind in ("text", "parent", "cut off", "link to absolute"):
            port.create(Code=PACKAGES[kind]())
        port.request("POST", FUNCTIONS_PATH, b"{")
        port.send(b"GET / HTTP/1.1\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", timeout=10)
        head, _ = port.signed("POST", FUNCTIONS_PATH, b"x" * 1000)
        with port.connect() as connection:
            connection.sendall(head + b"x")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(round_of_bad_requests, range(10)))
        time.sleep(0.5)
        before = facts()
        list(pool.map(round_of_bad_requests, range(40)))
        time.sleep(0.5)
    after = facts()
    assert after[0] <= before[0] + 4, (before, after)
    assert after[1] <= before[1] + 30_000, (before, after)
