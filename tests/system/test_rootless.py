"""The same server as an ordinary user: no privilege anywhere."""

import pathlib
import re
import subprocess
import zipfile

import pytest

from conftest import Functions
from meridian_server import wait_until

NOBODY = (65534, 65534)


@pytest.fixture(scope="module")
def rootless():
    import os

    from conftest import require_programs
    from meridian_server import MeridianServer
    require_programs()
    limit = pathlib.Path("/proc/sys/user/max_user_namespaces")
    if limit.exists() and int(limit.read_text()) == 0:
        pytest.skip("this host allows no user namespaces")
    switch = pathlib.Path("/proc/sys/kernel/unprivileged_userns_clone")
    if switch.exists() and int(switch.read_text()) == 0:
        pytest.skip("this host allows ordinary users no user namespaces")
    assert os.geteuid() == 0
    with MeridianServer(user=NOBODY) as server:
        yield server


@pytest.fixture(scope="module")
def make(rootless):
    return Functions(rootless)


def test_nothing_runs_as_root(rootless, make):
    make("cpp").invoke({})
    for pid in rootless.own_processes():
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        assert re.search(r"^Uid:\t(\d+)", status, re.M).group(1) != "0", status
    assert {p.stat().st_uid for p in rootless.data.rglob("*")} == {NOBODY[0]}


@pytest.mark.parametrize("language", ["cpp", "go", "node", "python", "java"])
def test_a_function(make, language):
    function = make(language, Timeout=20, **({"MemorySize": 512} if language == "java" else {}))
    answer = function.invoke({"a": [1, "two"]}, log=True)
    assert (answer.error, answer.json) == (None, {"a": [1, "two"]}), answer
    assert "REPORT RequestId: " + answer.request_id in answer.log


def test_sandboxed_files(make):
    def run(*command):
        return function.invoke({"do": "run", "command": command}).json
    function = make("python", Timeout=20)
    assert run("id", "-u")["stdout"].strip() != "0"
    assert run("sh", "-c", "echo x > /var/task/new")["status"] != 0
    assert run("sh", "-c", "echo x > /tmp/new && cat /tmp/new")["stdout"] == "x\n"
    assert run("cat", "/etc/shadow")["status"] != 0
    assert run("ls", str(make.server.data))["status"] != 0


def test_timeout_and_deletion(make, rootless):
    function = make("python", Timeout=1, variables={"MARKER": "rootless-deletion"})
    answer = function.invoke({"do": "sleep", "ms": 5000})
    assert answer.json["errorType"] == "Sandbox.Timedout"
    assert function.invoke({"do": "orphan"}).error is None
    assert rootless.sandboxed("rootless-deletion")
    function.delete()
    wait_until(lambda: not rootless.sandboxed("rootless-deletion"), what="the end of the function's processes")


def test_restart(rootless, make):
    function = make("cpp", name="survivor")
    function.invoke({"a": 1})
    rootless.restart()
    api = rootless.client("lambda")
    assert api.invoke(FunctionName="survivor", Payload=b'{"b":2}')["Payload"].read() == b'{"b":2}'


def test_a_build(rootless, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/Makefile").write_text("build-App:\n\tid -u > $(ARTIFACTS_DIR)/uid\n\ttouch /var/task/x || true\n")
    (tmp_path / "template.yaml").write_text("""
Transform: AWS::Serverless-2016-10-31
Resources:
  App:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties: {CodeUri: src, Handler: a.b, Runtime: provided.al2023}
""")
    done = subprocess.run([rootless.tool("meridian"), "build", tmp_path, "--output", tmp_path / "out", "--data", rootless.data,
                           "--region", "us-east-1"], capture_output=True, text=True, env=rootless.environment(), timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Read-only file system" in done.stdout
    with zipfile.ZipFile(tmp_path / "out/App.zip") as package:
        assert package.read("uid").strip() not in (b"0", b"")
