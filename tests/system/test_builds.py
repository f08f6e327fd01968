"""Builds: steps in sandboxes, what they may leave, what they must not reach, and how they end."""

import base64
import concurrent.futures
import io
import json
import os
import signal
import time
import urllib.error
import urllib.request
import zipfile

import pytest

from command_line import meridian, refusal
from meridian_server import MeridianServer, has_runtime, make_zip, wait_until

REGION = "us-east-1"
UNATTENDED_SECONDS = 30  # src/builds/build.h
needs_provided = pytest.mark.skipif(not has_runtime("provided.al2023"), reason="needs the runtime provided.al2023")
pytestmark = needs_provided


def started(tmp_path_factory, build):
    config = tmp_path_factory.mktemp("config") / "meridian.yaml"
    config.write_text(json.dumps({"build": build}))  # JSON is YAML
    return MeridianServer(regions=(REGION,), flags=("--config", str(config)))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with started(tmp_path_factory, {"timeout": "2m", "memory_mb": 512, "storage_mb": 1024}) as made:
        yield made


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory):
    """One whose builds have little of everything."""
    with started(tmp_path_factory, {"timeout": "6s", "memory_mb": 128, "storage_mb": 512}) as made:
        yield made


FUNCTION = """
Transform: AWS::Serverless-2016-10-31
Resources:
  App:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: %s}
    Properties: {CodeUri: src, Handler: app.handler, Runtime: %s}
"""


def project(folder, files, method="makefile", runtime="provided.al2023"):
    (folder / "src").mkdir(parents=True)
    (folder / "template.yaml").write_text(FUNCTION % (method, runtime))
    for name, content in files.items():
        path = folder / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def makefile(*lines):
    return {"Makefile": "build-App:\n" + "".join(f"\t{line}\n" for line in lines)}


def packages(server, folder, *words):
    return json.loads(meridian(server, "build", folder, *words, "--json"))["Packages"]


def built(server, folder, tmp_path):
    """The files of the package of App: {name: bytes}."""
    out = tmp_path / "out"
    meridian(server, "build", folder, "--output", out)
    with zipfile.ZipFile(out / "App.zip") as package:
        return {name: package.read(name) for name in package.namelist()}


class Api:
    """/meridian/v1/builds, signed."""

    def __init__(self, server, access_key=None, secret_key=None):
        self.server = server
        self.keys = (access_key or server.access_key, secret_key or server.secret_key)

    def __call__(self, method, path="", body=None):
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        data = None if body is None else json.dumps(body).encode()
        request = AWSRequest(method=method, url=f"{self.server.endpoint}/meridian/v1/builds{path}", data=data,
                             headers={"Content-Type": "application/json"})
        SigV4Auth(Credentials(*self.keys), "meridian", REGION).add_auth(request)
        prepared = request.prepare()
        sent = urllib.request.Request(prepared.url, data=data, headers=dict(prepared.headers), method=method)
        try:
            with urllib.request.urlopen(sent, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def start(self, files, **members):
        body = {"Source": base64.b64encode(make_zip(files)).decode(), "Method": "makefile", "Runtime": "provided.al2023",
                "LogicalId": "App", **members}
        return self("POST", body=body)

    def follow(self, identity):
        log = ""
        while True:
            status, news = self("GET", f"/{identity}?after={len(log.encode())}")
            assert status == 200, news
            log += news["Log"]
            if news["State"] not in ("Queued", "Running"):
                return {**news, "Log": log}


def wait_until_it_runs(server, marker):
    wait_until(lambda: server.sandboxed(marker), seconds=30, what="the build's processes run")


def wait_until_nothing_runs(server, seconds=30):
    wait_until(lambda: not server.sandboxed("ARTIFACTS_DIR"), seconds=seconds, what="every process of the build is dead")


# What builds make


def test_a_makefile_puts_the_package_together(server, tmp_path):
    folder = project(tmp_path / "p", {
        **makefile("mkdir -p $(ARTIFACTS_DIR)/lib", "sed s/NAME/world/ hello.in > $(ARTIFACTS_DIR)/lib/hello",
                   "cp run $(ARTIFACTS_DIR)/", "ln -s lib/hello $(ARTIFACTS_DIR)/link"),
        "hello.in": "hello NAME\n", "run": "#!/bin/sh\n"})
    (folder / "src/run").chmod(0o755)
    out = tmp_path / "out"
    told = meridian(server, "build", folder, "--output", out)
    assert "building App (makefile)" in told and "sed s/NAME/world/" in told
    with zipfile.ZipFile(out / "App.zip") as package:
        assert package.namelist() == ["lib/hello", "link", "run"]
        assert package.read("lib/hello") == b"hello world\n"
        assert package.read("link") == b"lib/hello"
        modes = {entry.filename: oct(entry.external_attr >> 16) for entry in package.infolist()}
        assert modes == {"lib/hello": "0o100644", "link": "0o120777", "run": "0o100755"}
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_sources_give_the_same_package(server, tmp_path):
    files = {**makefile("gcc --version >/dev/null 2>&1 || true", "cp -r . $(ARTIFACTS_DIR)/",
                        "date > /dev/null", "touch -d '2011-11-11' $(ARTIFACTS_DIR)/a"),
             "a": "1", "b/c": "2", "Z": "3"}
    first = project(tmp_path / "one", files)
    hashes = packages(server, first, "--check-reproducible")
    time.sleep(1.1)  # a zip's times have two seconds
    second = project(tmp_path / "deep/er/two", dict(reversed(files.items())))
    for path in second.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(0o600)
    assert packages(server, second) == hashes
    (second / "src/a").write_text("changed")
    assert packages(server, second)["App"]["CodeSha256"] != hashes["App"]["CodeSha256"]


def test_what_is_not_reproducible_is_found_out(server, tmp_path):
    folder = project(tmp_path / "p", makefile("date +%N > $(ARTIFACTS_DIR)/now"))
    told = refusal(server, "build", folder, "--check-reproducible")
    assert "App is not reproducible" in told


LAYERS = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Made:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: makefile}
    Properties: {ContentUri: made, CompatibleRuntimes: [python3.11], RetentionPolicy: Delete}
  Plain:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: python3.11}
    Properties: {ContentUri: plain, CompatibleRuntimes: [python3.11], RetentionPolicy: Delete}
  App:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: app
      Handler: app.handler
      Runtime: python3.11
      Layers: [!Ref Made, !Ref Plain]
Outputs:
  Name: {Value: !Ref App}
"""


@pytest.mark.skipif(not has_runtime("python3.11"), reason="needs the runtime python3.11")
def test_layers_land_where_the_runtime_looks(server, tmp_path):
    for name, content in {"template.yaml": LAYERS, "plain/plain.py": "VALUE = 'plain'\n",
                          "made/Makefile": "build-Made:\n\tmkdir $(ARTIFACTS_DIR)/python\n"
                                           "\techo \"VALUE = 'made'\" > $(ARTIFACTS_DIR)/python/made.py\n",
                          "app/app.py": "import made, plain\n\n\ndef handler(event, context):\n"
                                        "    return [made.VALUE, plain.VALUE]\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    meridian(server, "deploy", tmp_path, "--stack", "layers", "--regions", REGION, "--yes")
    stack = json.loads(meridian(server, "stack", "show", "layers", "--json"))["Stack"][REGION]
    answer = server.client("lambda").invoke(FunctionName=stack["Outputs"]["Name"])
    assert json.loads(answer["Payload"].read()) == ["made", "plain"]


def test_two_builds_at_once(server, tmp_path):
    def one(number):
        folder = project(tmp_path / str(number), makefile("sleep 1", f"echo {number} > $(ARTIFACTS_DIR)/number"))
        return built(server, folder, tmp_path / f"of-{number}")["number"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [b"0\n", b"1\n", b"2\n", b"3\n"]


# What goes wrong


def test_a_failing_build_shows_its_own_error(server, tmp_path):
    folder = project(tmp_path / "p", makefile("@echo compiling things", "@echo main.c:7: no semicolon >&2; exit 3"))
    for words in (("build", folder), ("deploy", folder, "--stack", "fails", "--regions", REGION, "--yes")):
        told = refusal(server, *words)
        assert "template.yaml:" in told and "failed with status 2" in told
        assert "main.c:7: no semicolon" in told and "Error 3" in told
    rollouts = json.loads(meridian(server, "rollout", "list", "--json"))["Rollouts"]
    assert "fails" not in [one["Stack"] for one in rollouts]


def test_a_makefile_without_the_target_says_so(server, tmp_path):
    folder = project(tmp_path / "p", {"Makefile": "build-Other:\n\ttrue\n"})
    assert "build-App" in refusal(server, "build", folder)


@pytest.mark.parametrize("lines, said", [
    (("ln -s /etc/passwd $(ARTIFACTS_DIR)/passwd",), "leads out of the package"),
    (("ln -s ../../.. $(ARTIFACTS_DIR)/up",), "leads out of the package"),
    (("mkfifo $(ARTIFACTS_DIR)/pipe",), "./pipe, which is neither file"),
    (("mknod $(ARTIFACTS_DIR)/zero c 1 5",), "failed with status 2"),
    (("true",), "left nothing"),
    (("rm -rf $(ARTIFACTS_DIR)", "ln -s /usr $(ARTIFACTS_DIR)"), "artifacts' directory is gone"),
    (("truncate -s 300M $(ARTIFACTS_DIR)/big",), "more than 262144000 bytes"),
    (("truncate -s 100G $(ARTIFACTS_DIR)/huge",), "more than 262144000 bytes"),
    (("head -c 60000000 /dev/urandom > $(ARTIFACTS_DIR)/random",), "52428800 are the most"),
    (("dd if=/dev/zero of=/tmp/full bs=1M",), "No space left on device"),
])
def test_what_no_package_can_be(server, tmp_path, lines, said):
    told = refusal(server, "build", project(tmp_path / "p", makefile(*lines)))
    assert said in told, told
    wait_until_nothing_runs(server)


def test_forking_without_end_ends(strict_server, tmp_path):
    bomb = "bash -c 'f() { f | f & f; }; f' >/dev/null 2>&1; while true; do sleep 1; done"
    began = time.monotonic()
    told = refusal(strict_server, "build", project(tmp_path / "p", makefile(bomb)))
    ends = ("longer than 6 seconds", "failed with status", "ended by signal", "MB of memory")
    assert any(end in told for end in ends), told
    assert time.monotonic() - began < 60
    wait_until_nothing_runs(strict_server)
    assert packages(strict_server, project(tmp_path / "next", makefile("echo > $(ARTIFACTS_DIR)/a")))


def test_more_memory_than_there_is(strict_server, tmp_path):
    folder = project(tmp_path / "p", makefile("head -c 400000000 /dev/zero | tail -c 390000000 > /dev/null"))
    told = refusal(strict_server, "build", folder)
    assert "128 MB of memory" in told or "longer than 6 seconds" in told, told


def test_a_build_that_prints_without_end_costs_no_memory(strict_server, tmp_path):
    told = refusal(strict_server, "build", project(tmp_path / "p", makefile("@yes a-line-of-many")))
    assert "longer than 6 seconds" in told and "a-line-of-many" in told
    assert len(told) < 20_000


# What it must not reach


def test_there_is_nothing_to_steal(server, tmp_path):
    port = server.endpoint.rsplit(":", 1)[1]
    folder = project(tmp_path / "p", makefile(
        "env > $(ARTIFACTS_DIR)/env",
        "find / -xdev \\( -name 'credentials*' -o -name '*.key' -o -name 'account.key' \\) -not -path '/usr/*'"
        " -not -path '/proc/*' 2>/dev/null > $(ARTIFACTS_DIR)/found || true",
        "cat /proc/1/environ > $(ARTIFACTS_DIR)/init 2>/dev/null || true",
        "touch /var/task/x 2>/dev/null && echo written > $(ARTIFACTS_DIR)/written || true",
        f"for port in {port} 9001 9002; do curl -sS -m 3 http://127.0.0.1:$$port/ 2>>$(ARTIFACTS_DIR)/curl && echo"
        " reached $$port >> $(ARTIFACTS_DIR)/reached; done; true",
        "curl -sS -m 3 http://169.254.169.254/ 2>>$(ARTIFACTS_DIR)/curl && echo reached >> $(ARTIFACTS_DIR)/reached; true",
        "curl -sS -m 3 https://pypi.org/ 2>>$(ARTIFACTS_DIR)/curl && echo reached >> $(ARTIFACTS_DIR)/reached; true"))
    files = built(server, folder, tmp_path)
    environment = dict(line.split("=", 1) for line in files["env"].decode().splitlines() if "=" in line)
    assert not [name for name in environment if name.startswith(("AWS_", "MERIDIAN", "_LAMBDA"))]
    assert environment["HOME"] == "/tmp/home" and environment["SOURCE_DATE_EPOCH"] == "315532800"
    assert files["found"] == b"" and files.get("init", b"") == b""
    assert "reached" not in files and "written" not in files
    assert files["curl"].count(b"curl: (") == 5  # each of them was refused


def test_who_may_not_build_is_refused(server):
    iam = server.client("iam")
    iam.create_user(UserName="builder")
    keys = iam.create_access_key(UserName="builder")["AccessKey"]
    api = Api(server, keys["AccessKeyId"], keys["SecretAccessKey"])
    files = makefile("echo > $(ARTIFACTS_DIR)/a")
    status, answer = api.start(files)
    assert status == 403 and "meridian:Build" in answer["Message"], answer
    iam.put_user_policy(UserName="builder", PolicyName="build", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "meridian:Build", "Resource": "*"}]}))
    status, answer = api.start(files)
    assert status == 202, answer
    assert api.follow(answer["Id"])["State"] == "Succeeded"
    status, package = api("GET", f"/{answer['Id']}/package")
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(package["Zip"]))) as archive:
        assert archive.namelist() == ["a"]


def test_what_is_asked_wrongly_is_said(server):
    api = Api(server)
    files = makefile("true")
    for members, said in (({"Method": "esbuild"}, "esbuild"), ({"LogicalId": "../x"}, "LogicalId"),
                          ({"Source": "???"}, "base64"), ({"Source": base64.b64encode(b"no zip").decode()}, "unzip"),
                          ({"Method": "go1.x", "Layer": True}, "layer"), ({"Colour": "red"}, "Colour")):
        status, answer = api.start(files, **members)
        assert status == 400 and said in answer.get("Message", answer.get("message", "")), (members, status, answer)
    status, answer = api.start(files, Runtime="cobol1.x")
    assert status == 202
    assert "cobol1.x is not installed" in api.follow(answer["Id"])["Error"]
    assert api("GET", "/b-0000000000000000")[0] == 404


# How it ends


def test_a_build_is_cancelled(server):
    api = Api(server)
    status, answer = api.start(makefile("echo begun", "sleep 1000"))
    assert status == 202
    wait_until_it_runs(server, "ARTIFACTS_DIR")
    assert api("GET", f"/{answer['Id']}/package")[0] == 409
    assert api("DELETE", f"/{answer['Id']}")[0] == 200
    assert api.follow(answer["Id"])["State"] == "Cancelled"
    wait_until_nothing_runs(server)


def test_a_build_whose_processes_are_killed_fails(server, tmp_path):
    api = Api(server)
    _, answer = api.start(makefile("sleep 1000"))
    wait_until_it_runs(server, "ARTIFACTS_DIR")
    for pid in server.sandboxed("ARTIFACTS_DIR"):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it went with another
    news = api.follow(answer["Id"])
    assert news["State"] == "Failed" and ("signal 9" in news["Error"] or "status" in news["Error"]), news
    wait_until_nothing_runs(server)


def test_a_build_ends_when_its_client_is_gone(server):
    api = Api(server)
    _, answer = api.start(makefile("sleep 1000"))
    wait_until_it_runs(server, "ARTIFACTS_DIR")
    wait_until_nothing_runs(server, UNATTENDED_SECONDS + 20)
    assert api.follow(answer["Id"])["State"] == "Cancelled"


def test_nothing_is_left_of_a_build_when_meridiand_is_killed(start_server, tmp_path):
    server = start_server(regions=(REGION,))
    before = set(os.listdir(server.data / REGION))
    api = Api(server)
    _, answer = api.start(makefile("head -c 50000000 /dev/zero > $(ARTIFACTS_DIR)/a", "(sleep 1000 &) ; sleep 1000"))
    wait_until_it_runs(server, "ARTIFACTS_DIR")
    server.kill9()
    assert server.own_processes() == {}
    assert server.left_groups() == []
    assert set(os.listdir(server.data / REGION)) == before
    server.start()
    status, gone = Api(server)("GET", f"/{answer['Id']}")
    assert status == 404, gone
    assert packages(server, project(tmp_path / "p", makefile("echo > $(ARTIFACTS_DIR)/a")))


def test_a_stop_does_not_wait_for_a_build(start_server):
    server = start_server(regions=(REGION,))
    Api(server).start(makefile("trap '' TERM; sleep 1000"))
    wait_until_it_runs(server, "ARTIFACTS_DIR")
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 15
