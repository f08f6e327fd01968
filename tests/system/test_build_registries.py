"""Builds with dependencies: registries that the operator names, and nothing else on any network."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import zipfile

import pytest

from command_line import meridian, refusal
from meridian_server import MeridianServer, has_runtime
from registry_mirror import RegistryMirror
from test_builds import built, packages

REGION = "us-east-1"
needs_python = pytest.mark.skipif(not has_runtime("python3.11") or not os.path.exists("/usr/bin/pip3"),
                                  reason="needs the runtime python3.11, and pip in /usr")
needs_node = pytest.mark.skipif(not has_runtime("nodejs22.x") or not os.path.exists("/usr/bin/npm"),
                                reason="needs the runtime nodejs22.x, and npm in /usr")


def tool_below_usr(name):
    return any(os.path.exists(f"{folder}/{name}") for folder in ("/usr/local/go/bin", "/usr/local/bin", "/usr/bin"))


needs_go = pytest.mark.skipif(not tool_below_usr("go") or not has_runtime("provided.al2023"), reason="needs Go below /usr")
needs_cargo = pytest.mark.skipif(not tool_below_usr("cargo") or not has_runtime("provided.al2023"),
                                 reason="needs cargo below /usr")


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    made = RegistryMirror(tmp_path_factory.mktemp("mirror"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def other():
    """A port of this machine that is named, but not as a private one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture(scope="module")
def server(mirror, other, tmp_path_factory):
    config = tmp_path_factory.mktemp("config") / "meridian.yaml"
    trusted = "/var/task/ca.pem"  # where the sources are, to which each test adds it
    config.write_text(json.dumps({"build": {
        "timeout": "2m", "memory_mb": 1024, "storage_mb": 1024, "registries": [f"localhost:{other.getsockname()[1]}"],
        "private_registries": [f"localhost:{mirror.port}"],
        "environment": {"PIP_INDEX_URL": f"{mirror.url}/simple/", "PIP_CERT": trusted, "npm_config_registry": f"{mirror.url}/",
                        "NODE_EXTRA_CA_CERTS": trusted, "CURL_CA_BUNDLE": trusted}}}))
    with MeridianServer(regions=(REGION,), flags=("--config", str(config))) as made:
        yield made


@pytest.fixture(scope="module")
def offline_server():
    with MeridianServer(regions=(REGION,)) as made:
        yield made


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  App:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src, Handler: %s, Runtime: %s}
Outputs:
  Name: {Value: !Ref App}
"""
LAYER = """
Transform: AWS::Serverless-2016-10-31
Resources:
  App:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: %s}
    Properties: {ContentUri: src, CompatibleRuntimes: [%s]}
"""


def project(folder, template, files, ca=None):
    (folder / "src").mkdir(parents=True)
    (folder / "template.yaml").write_text(template)
    for name, content in files.items():
        (folder / "src" / name).write_text(content)
    if ca:
        shutil.copy(ca, folder / "src/ca.pem")
    return folder


def hash_of(server, folder, *words):
    return packages(server, folder, *words)["App"]["CodeSha256"]


def deploy_and_invoke(server, folder, stack):
    meridian(server, "deploy", folder, "--stack", stack, "--regions", REGION, "--yes")
    shown = json.loads(meridian(server, "stack", "show", stack, "--json"))["Stack"][REGION]
    answer = server.client("lambda").invoke(FunctionName=shown["Outputs"]["Name"])
    return json.loads(answer["Payload"].read())


# Python


def python_files(mirror, digest=None):
    return {"requirements.txt": f"greeting==1.0.0 --hash=sha256:{digest or mirror.wheel_hash}\n",
            "app.py": "import greeting\n\n\ndef handler(event, context):\n    return greeting.greet('lambda')\n"}


@needs_python
def test_python_packages_are_installed_beside_the_sources(server, mirror, tmp_path):
    template = TEMPLATE % ("app.handler", "python3.11")
    folder = project(tmp_path / "p", template, python_files(mirror), mirror.ca)
    assert deploy_and_invoke(server, folder, "python-deps") == "hello lambda"
    files = built(server, folder, tmp_path)
    assert {"app.py", "greeting.py", "greeting-1.0.0.dist-info/RECORD"} <= files.keys()
    assert not [name for name in files if "__pycache__" in name]
    # In another folder, at another time.
    again = project(tmp_path / "elsewhere/q", template, python_files(mirror), mirror.ca)
    assert hash_of(server, again) == hash_of(server, folder, "--check-reproducible")


@needs_python
def test_a_wheel_with_another_hash_is_not_installed(server, mirror, tmp_path):
    folder = project(tmp_path / "p", TEMPLATE % ("app.handler", "python3.11"), python_files(mirror, "0" * 64), mirror.ca)
    assert "DO NOT MATCH THE HASHES" in refusal(server, "build", folder)


@needs_python
def test_a_layer_of_python_packages(server, mirror, tmp_path):
    folder = project(tmp_path / "p", LAYER % ("python3.11", "python3.11"),
                     {"requirements.txt": "greeting\n", "own.py": ""}, mirror.ca)
    assert {"python/greeting.py", "python/own.py"} <= built(server, folder, tmp_path).keys()


@needs_python
def test_without_registries_the_error_says_so(offline_server, tmp_path):
    folder = project(tmp_path / "p", TEMPLATE % ("app.handler", "python3.11"), {"requirements.txt": "greeting\n"})
    told = refusal(offline_server, "build", folder)
    assert "--build-registries" in told and "No matching distribution found for greeting" in told


# Node.js


def node_files(mirror):
    entry = {"version": "1.0.0", "resolved": "https://registry.npmjs.org/greeting/-/greeting-1.0.0.tgz",
             "integrity": mirror.tarball_integrity, "hasInstallScript": True, "bin": {"greet": "index.js"}}
    root = {"name": "app", "version": "1.0.0", "dependencies": {"greeting": "1.0.0"}}
    return {"package.json": json.dumps(root),
            "package-lock.json": json.dumps({"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": True,
                                             "packages": {"": root, "node_modules/greeting": entry}}),
            "index.js": "exports.handler = async () => require('greeting').greet('lambda');\n"}


@needs_node
def test_node_packages_are_installed_from_the_lock_file(server, mirror, tmp_path):
    template = TEMPLATE % ("index.handler", "nodejs22.x")
    folder = project(tmp_path / "p", template, node_files(mirror), mirror.ca)
    assert deploy_and_invoke(server, folder, "node-deps") == "hello lambda"
    files = built(server, folder, tmp_path)
    assert {"index.js", "node_modules/greeting/index.js"} <= files.keys()
    assert files["node_modules/.bin/greet"] == b"../greeting/index.js"  # a link
    assert not [name for name in files if "script-ran" in name]
    again = project(tmp_path / "elsewhere/q", template, node_files(mirror), mirror.ca)
    assert hash_of(server, again) == hash_of(server, folder, "--check-reproducible")


@needs_node
def test_node_without_a_lock_file_says_how_to_make_one(server, mirror, tmp_path):
    files = node_files(mirror)
    del files["package-lock.json"]
    folder = project(tmp_path / "p", TEMPLATE % ("index.handler", "nodejs22.x"), files, mirror.ca)
    assert "npm install --package-lock-only" in refusal(server, "build", folder)


@needs_node
def test_a_layer_of_node_packages(server, mirror, tmp_path):
    folder = project(tmp_path / "p", LAYER % ("nodejs22.x", "nodejs22.x"), node_files(mirror), mirror.ca)
    assert "nodejs/node_modules/greeting/index.js" in built(server, folder, tmp_path)


# Compiled


GO = {"go.mod": "module app\n\ngo 1.19\n",
      "main.go": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hello from go") }\n'}


@needs_go
def test_go_becomes_a_bootstrap(offline_server, tmp_path):
    template = TEMPLATE % ("bootstrap", "provided.al2023")
    folder = project(tmp_path / "p", template, GO)
    files = built(offline_server, folder, tmp_path)
    assert list(files) == ["bootstrap"]
    program = tmp_path / "program"
    program.write_bytes(files["bootstrap"])
    program.chmod(0o755)
    assert subprocess.check_output([program], text=True) == "hello from go\n"
    again = project(tmp_path / "elsewhere/q", template, GO)
    assert hash_of(offline_server, again) == hash_of(offline_server, folder, "--check-reproducible")


@needs_go
def test_go_that_does_not_compile_shows_where(offline_server, tmp_path):
    folder = project(tmp_path / "p", TEMPLATE % ("bootstrap", "provided.al2023"),
                     {**GO, "main.go": "package main\n\nfunc main() { undefinedThing() }\n"})
    assert "main.go:3" in refusal(offline_server, "build", folder)


@needs_cargo
def test_rust_becomes_a_bootstrap(offline_server, tmp_path):
    files = {"Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[[bin]]\nname = "app"\npath = "main.rs"\n',
             "Cargo.lock": 'version = 3\n\n[[package]]\nname = "app"\nversion = "0.1.0"\n',
             "main.rs": 'fn main() { println!("hello from rust"); }\n'}
    template = TEMPLATE % ("app", "provided.al2023")
    folder = project(tmp_path / "p", template, files)
    made = built(offline_server, folder, tmp_path)
    assert list(made) == ["bootstrap"]
    program = tmp_path / "program"
    program.write_bytes(made["bootstrap"])
    program.chmod(0o755)
    assert subprocess.check_output([program], text=True) == "hello from rust\n"
    again = project(tmp_path / "elsewhere/q", template, files)
    assert hash_of(offline_server, again) == hash_of(offline_server, folder, "--check-reproducible")


@pytest.mark.skipif(tool_below_usr("cargo") or not has_runtime("provided.al2023"), reason="cargo is there")
def test_a_tool_that_is_missing_is_named(offline_server, tmp_path):
    folder = project(tmp_path / "p", TEMPLATE % ("app", "provided.al2023"),
                     {"Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\n'})
    told = refusal(offline_server, "build", folder)
    assert "there is no cargo" in told and "install cargo" in told


# What the proxy lets through


MAKEFILE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  App:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties: {CodeUri: src, Handler: app.handler, Runtime: provided.al2023}
"""


@pytest.mark.skipif(not has_runtime("provided.al2023"), reason="needs the runtime provided.al2023")
def test_nothing_but_named_registries_is_reached(server, mirror, other, tmp_path):
    port = server.endpoint.rsplit(":", 1)[1]
    refused = {f"https://localhost:{port}/": "none of the registries", "https://127.0.0.1/": "none of the registries",
               f"https://127.0.0.1:{mirror.port}/": "none of the registries",
               f"https://localhost.:{port}/": "none of the registries",
               "https://169.254.169.254/": "none of the registries", "https://example.com/": "none of the registries",
               f"https://localhost:{other.getsockname()[1]}/": "no address that builds may reach"}
    lines = [f"\tcurl -sS -m 10 {url} || true\n" for url in refused]
    lines += [f"\tcurl -sS -m 10 --proxytunnel --proxy $$HTTPS_PROXY http://localhost:{port}/ || true\n",
              "\tcurl -sS -m 10 --proxy $$HTTPS_PROXY http://localhost:1/ || true\n",
              "\tcurl -sS -m 10 --noproxy '*' https://example.com/ || true\n",
              f"\tcurl -sS -m 10 {mirror.url}/simple/greeting/ > $(ARTIFACTS_DIR)/page\n"]
    folder = project(tmp_path / "p", MAKEFILE, {"Makefile": "build-App:\n" + "".join(lines)}, mirror.ca)
    told = meridian(server, "build", folder, "--output", tmp_path / "out")
    assert told.count("build: ") >= len(refused), told
    for what in set(refused.values()) | {"only CONNECT is served", "Could not resolve host: example.com"}:
        assert what in told, (what, told)
    with zipfile.ZipFile(tmp_path / "out/App.zip") as package:
        assert b"greeting-1.0.0" in package.read("page")
    other.settimeout(0.2)
    with pytest.raises(TimeoutError):
        other.accept()


def test_registries_that_are_none_are_refused_at_the_start(tmp_path):
    binaries = pathlib.Path(os.environ["MERIDIAN_BIN_DIR"])
    config = tmp_path / "meridian.yaml"
    for text, said in (("build: {registries: ['http://x']}", "no registry such as"), ("build: {registries: x}", "a list"),
                       ("build: {environment: {'A B': x}}", "no variable's name"), ("build: {colour: red}", "no colour")):
        config.write_text(text)
        done = subprocess.run([binaries / "meridian", "up", "--data", tmp_path / "data", "--config", config],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and said in done.stderr and "meridian.yaml:1" in done.stderr, done.stderr
