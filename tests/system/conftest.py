"""Fixtures of the system tests: servers, and functions in them."""

import base64
import io
import json
import os
import pathlib
import shutil
import sys
import tempfile
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import meridian_server  # noqa: E402
from meridian_server import LAMBDA_TRUST, MeridianServer, has_runtime, wait_until  # noqa: E402


class Answer:
    """What Invoke answered."""

    def __init__(self, response):
        self.status = response["StatusCode"]
        self.error = response.get("FunctionError")
        self.version = response.get("ExecutedVersion")
        self.request_id = response["ResponseMetadata"]["RequestId"]
        self.raw = response["Payload"].read()
        self.log = base64.b64decode(response.get("LogResult", "")).decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.raw)

    def __repr__(self):
        return f"<{self.status} {self.error} {self.raw[:1000]!r} log={self.log!r}>"


# Language of a runtime → (package, handler).
LANGUAGES = {"node": ("node.zip", "index.handler"), "python": ("python.zip", "handler.handler"),
             "java": ("java.zip", "Handler::handleRequest"), "cpp": ("cpp.zip", "bootstrap"),
             "go": ("go.zip", "bootstrap")}


def package(language):
    path = meridian_server.FUNCTIONS / LANGUAGES[language][0]
    if not path.exists():
        pytest.skip(f"the test function {language} is not built here (tests/functions/build)")
    return path.read_bytes()


class Function:
    """A function of the server, by one of its regions' clients."""

    def __init__(self, api, name):
        self.api, self.name = api, name

    def invoke(self, event=None, *, payload=None, log=False, **arguments):
        body = payload if payload is not None else json.dumps(event).encode()
        return Answer(self.api.invoke(FunctionName=self.name, Payload=body, **({"LogType": "Tail"} if log else {}),
                                      **arguments))

    def settle(self):
        def settled():
            found = self.api.get_function_configuration(FunctionName=self.name)
            return found["State"] != "Pending" and found.get("LastUpdateStatus") != "InProgress" and found
        return wait_until(settled, what=f"{self.name} is active")

    def update_code(self, code):
        self.api.update_function_code(FunctionName=self.name, ZipFile=code)
        return self.settle()

    def configure(self, **settings):
        self.api.update_function_configuration(FunctionName=self.name, **settings)
        return self.settle()

    def delete(self):
        self.api.delete_function(FunctionName=self.name)


class Functions:
    """Creates functions of a server and deletes them in the end."""

    def __init__(self, server):
        self.server = server
        self.made = []
        self._clients = {}
        role = "role-" + uuid.uuid4().hex[:8]
        self.role = server.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]

    def api(self, region="us-east-1"):
        if region not in self._clients:
            self._clients[region] = self.server.client("lambda", region=region)
        return self._clients[region]

    def __call__(self, language="cpp", runtime=None, *, code=None, variables=None, region="us-east-1", name=None,
                 settle=True, s3=None, **settings):
        runtime = runtime or {"cpp": "provided.al2023", "go": "provided.al2023", "node": "nodejs22.x",
                              "python": "python3.11", "java": "java17"}[language]
        if not has_runtime(runtime):
            pytest.skip(f"the runtime {runtime} is not installed here (script/setup)")
        if variables:
            settings["Environment"] = {"Variables": variables}
        settings.setdefault("Handler", LANGUAGES[language][1])
        function = Function(self.api(region), name or "f-" + uuid.uuid4().hex[:12])
        self.api(region).create_function(FunctionName=function.name, Runtime=runtime, Role=self.role,
                                         Code=s3 or {"ZipFile": code or package(language)}, **settings)
        self.made.append(function)
        if settle:
            function.settle()
        return function

    def delete_all(self):
        for function in self.made:
            try:
                function.delete()
            except function.api.exceptions.ResourceNotFoundException:
                pass


def require_programs():
    if "MERIDIAN_BIN_DIR" not in os.environ:
        pytest.skip("set MERIDIAN_BIN_DIR")
    if os.geteuid() != 0:
        pytest.skip("these tests start servers as root")


@pytest.fixture
def tmp_path():
    """A folder of the test's own that servers' users can reach. Pytest's folders are below one that each
    pytest that starts closes to everybody else, in the middle of another's tests, too."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="meridian-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server():
    require_programs()
    with MeridianServer() as server:
        yield server


@pytest.fixture
def start_server():
    """start_server(flags=…, user=…): a server of this test's own."""
    require_programs()
    started = []

    def start(**arguments):
        server = MeridianServer(**arguments)
        started.append(server)
        return server.start()
    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session")
def session_functions(server):
    return Functions(server)


@pytest.fixture
def functions(session_functions):
    """Makes functions in the shared server: functions("node", variables={…}).invoke(event)."""
    yield session_functions
    session_functions.delete_all()
    session_functions.made.clear()


@pytest.fixture(scope="session")
def make_zip():
    return meridian_server.make_zip
