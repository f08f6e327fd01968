"""Every runtime that is installed: events, logs, errors, variables and context as AWS's own clients show them."""

import json
import re
import time

import pytest

# runtime → language of the test function
RUNTIMES = {"nodejs20.x": "node", "nodejs22.x": "node", "nodejs24.x": "node", "python3.11": "python", "java17": "java",
            "provided.al2023": "cpp", "provided.al2": "cpp", "provided.al2023-go": "go"}
EVENTS = ['{}', '[]', 'null', 'true', '"text"', '0', '-1', '{"a":{"b":[1,2,{"c":null}]},"d":"e"}', '"\\u00e9 \\ud83d\\ude00"',
          '[[[[[[[[]]]]]]]]', '"' + "x" * 100_000 + '"']
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    return request.param


@pytest.fixture
def make(functions, runtime):
    """make(**settings): the test function in this runtime."""
    settings = {"MemorySize": 512} if RUNTIMES[runtime] == "java" else {}
    return lambda **more: functions(RUNTIMES[runtime], runtime.removesuffix("-go"), **{"Timeout": 20, **settings, **more})


def language(runtime):
    return RUNTIMES[runtime]


def lines_between(log, start="START", end="END"):
    lines = log.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(start + " RequestId: "))
    last = next(i for i, line in enumerate(lines) if line.startswith(end + " RequestId: "))
    return lines[first + 1:last]


def test_events_come_back(make, runtime):
    function = make()
    for event in EVENTS:
        answer = function.invoke(payload=event.encode())
        assert (answer.status, answer.error, answer.version) == (200, None, "$LATEST"), answer
        if language(runtime) == "cpp":
            assert answer.raw == event.encode()
        elif language(runtime) == "java":  # the client's serializer leaves out members that are null
            assert answer.json == json.loads(event.replace('{"c":null}', "{}"))
        else:
            assert answer.json == json.loads(event)
    raw = b' {"b" : 1.0, "a":1e2 ,\n"b":"\\u0041\xc3\xa9" } '
    if language(runtime) == "cpp":
        assert function.invoke(payload=raw).raw == raw
    if language(runtime) in ("cpp", "go"):
        # Go compacts what its handler returns; the values stay as they were written.
        assert function.invoke(payload=b'{"b":1.0,"a":1e2}').raw == b'{"b":1.0,"a":1e2}'


def test_log_tail(make, runtime):
    answer = make().invoke({"do": "log", "text": "first line"}, log=True)
    assert answer.error is None, answer
    log = answer.log
    assert log.startswith(f"START RequestId: {answer.request_id} Version: $LATEST\n"), log
    assert re.search(rf"^END RequestId: {answer.request_id}$", log, re.M), log
    # The field of memory is absent where the host cannot measure it.
    assert re.search(rf"^REPORT RequestId: {answer.request_id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
                     r"Memory Size: \d+ MB\t(Max Memory Used: \d+ MB\t)?Init Duration: \d+\.\d\d ms\t$", log, re.M), log
    printed = [line for line in lines_between(log) if "first line" in line]
    assert len(printed) == 1, log
    if language(runtime) == "node":
        assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT[\d:.]+Z\t{answer.request_id}\tINFO\tfirst line", printed[0]), printed
    else:
        assert printed[0] == "first line"


def test_a_message_of_many_lines_is_one_event(make, runtime, server):
    if language(runtime) not in ("node", "python"):
        pytest.skip("this client writes plain lines")
    function = make()
    event = {"do": "log", "text": "one\ntwo\n  three"}
    if language(runtime) == "python":
        event["stream"] = "logger"
    assert function.invoke(event).error is None
    messages = read_log(server, function)
    matching = [message for message in messages if "two" in message]
    assert len(matching) == 1 and "one\ntwo\n  three" in matching[0], messages


def test_lines_to_stderr_are_kept(make):
    answer = make().invoke({"do": "log", "text": "to stderr", "stream": "stderr"}, log=True)
    assert any("to stderr" in line for line in lines_between(answer.log)), answer


def test_handler_error(make, runtime):
    answer = make().invoke({"do": "error", "message": "it went wrong"}, log=True)
    assert (answer.status, answer.error) == (200, "Unhandled"), answer
    body = answer.json
    assert body["errorMessage"] == "it went wrong"
    match language(runtime):
        case "node":
            assert list(body) == ["errorType", "errorMessage", "trace"]
            assert body["errorType"] == "TestError"
            assert body["trace"][0] == "TestError: it went wrong"
            assert any("index.js" in line for line in body["trace"]), body
        case "python":
            assert list(body) == ["errorMessage", "errorType", "requestId", "stackTrace"]
            assert (body["errorType"], body["requestId"]) == ("TestError", answer.request_id)
            assert any("/var/task/handler.py" in line for line in body["stackTrace"]), body
        case "java":
            assert body["errorType"] == "Handler$TestError"
            assert any("Handler.handleRequest" in line for line in body["stackTrace"]), body
        case "go":
            assert body["errorType"] == "TestError"
        case "cpp":
            assert body == {"errorMessage": "it went wrong", "errorType": "TestError", "stackTrace": ["bootstrap.cc"]}
    # The environment goes on.
    report = answer.log.splitlines()[-1]
    assert report.startswith("REPORT "), answer.log


def test_init_error(make, runtime):
    answer = make(Environment={"Variables": {"TEST_INIT": "error"}}).invoke({}, log=True)
    assert (answer.status, answer.error) == (200, "Unhandled"), answer
    body = answer.json
    if language(runtime) == "go":
        assert body["errorType"] == "Runtime.ExitError"  # aws-lambda-go has no init errors: it panics
        assert re.fullmatch(rf"RequestId: {answer.request_id} Error: Runtime exited with error: exit status 2",
                            body["errorMessage"]), body
        return
    assert "init failed" in body["errorMessage"], body
    assert body["errorType"].endswith("TestInitError") or body["errorType"] == "java.lang.reflect.InvocationTargetException", body
    assert re.search(r"^INIT_REPORT Init Duration: [\d.]+ ms\tPhase: \w+\tStatus: error\tError Type: \S+$", answer.log,
                     re.M), answer.log


def test_init_exit(make):
    answer = make(Environment={"Variables": {"TEST_INIT": "exit"}}).invoke({})
    assert (answer.status, answer.error) == (200, "Unhandled"), answer
    assert answer.json == {"errorType": "Runtime.ExitError", "errorMessage":
                           f"RequestId: {answer.request_id} Error: Runtime exited with error: exit status 1"}


def test_variables(make, runtime, server):
    function = make(Environment={"Variables": {"COLOUR": "grün \"quoted\" $HOME", "EMPTY": ""}}, MemorySize=640)
    values = function.invoke({"do": "env"}).json
    expected = {
        "_HANDLER": {"node": "index.handler", "python": "handler.handler", "java": "Handler::handleRequest",
                     "cpp": "bootstrap", "go": "bootstrap"}[language(runtime)],
        "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "640",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + function.name,
        "LAMBDA_TASK_ROOT": "/var/task", "LAMBDA_RUNTIME_DIR": "/var/runtime", "TZ": ":UTC", "LANG": "en_US.UTF-8",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9002",  # ours: AWS has none
        "COLOUR": "grün \"quoted\" $HOME", "EMPTY": ""}
    assert {name: values.get(name) for name in expected} == expected
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", values["AWS_LAMBDA_LOG_STREAM_NAME"])
    assert re.fullmatch(r"[\d.]+:\d+", values["AWS_LAMBDA_RUNTIME_API"])
    assert re.fullmatch(r"ASIA[A-Z0-9]{16}", values["AWS_ACCESS_KEY_ID"]), values["AWS_ACCESS_KEY_ID"]
    assert values["AWS_SECRET_ACCESS_KEY"] and values["AWS_SESSION_TOKEN"]
    managed = not runtime.startswith("provided")
    assert values.get("AWS_EXECUTION_ENV") == ("AWS_Lambda_" + runtime if managed else None)
    # Nothing of the server's own environment.
    allowed = set(expected) | {
        "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN", "AWS_EXECUTION_ENV", "PATH", "LD_LIBRARY_PATH", "NODE_PATH", "PYTHONPATH", "_X_AMZN_TRACE_ID",
        "PWD", "SHLVL", "_", "OLDPWD", "_LAMBDA_TELEMETRY_LOG_FD", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL", "LC_CTYPE", "HOME",
        "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "NODE_EXTRA_CA_CERTS", "JAVA_TOOL_OPTIONS",
        "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"}
    assert set(values) - allowed == set()


def test_four_kilobytes_of_variables(make):
    name, overhead = "VALUES", len('{"VALUES":""}')
    value = "v" * (4096 - overhead)
    assert make(Environment={"Variables": {name: value}}).invoke({"do": "env"}).json[name] == value


def test_context(make, runtime, server):
    if language(runtime) == "cpp":
        pytest.skip("the C++ function has no context object")
    function = make(Timeout=17)
    answer = function.invoke({"do": "context"})
    values = answer.json
    arn = f"arn:aws:lambda:us-east-1:{server.account}:function:{function.name}"
    assert values["functionName"] == function.name
    assert values["functionVersion"] == "$LATEST"
    assert values["invokedFunctionArn"] == arn
    assert values["awsRequestId"] == answer.request_id and re.fullmatch(UUID, answer.request_id)
    assert values["logGroupName"] == "/aws/lambda/" + function.name
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", values["logStreamName"])
    assert int(values["memoryLimitInMB"]) == (512 if language(runtime) == "java" else 128)
    assert 10_000 < values["remainingTimeInMillis"] <= 17_000, values
    version = function.api.publish_version(FunctionName=function.name)["Version"]
    named = function.invoke({"do": "context"}, Qualifier=version)
    assert named.version == version
    assert named.json["functionVersion"] == version and named.json["invokedFunctionArn"] == f"{arn}:{version}"
    assert f"[{version}]" in named.json["logStreamName"]


def test_working_directory_and_files(functions):
    def run(*command):
        done = function.invoke({"do": "run", "command": command}).json
        return done["status"], done["stdout"].strip(), done["stderr"]
    function = functions("python", Timeout=20)
    assert run("pwd")[1] == "/var/task"
    assert run("cat", "/var/task/handler.py")[0] == 0
    assert run("sh", "-c", "echo x > /var/task/new")[0] != 0
    assert run("sh", "-c", "echo x > /opt/new")[0] != 0
    assert run("sh", "-c", "echo x > /tmp/new && cat /tmp/new")[:2] == (0, "x")
    assert run("stat", "-c", "%a", "/tmp")[1] == "1777"
    assert run("id", "-u")[1] != "0"


def test_a_large_answer(make, runtime):
    function = make(MemorySize=1024)
    limit = 6 * 1024 * 1024
    answer = function.invoke({"do": "big", "bytes": limit})
    assert answer.error is None and len(answer.raw) == limit, (answer.error, len(answer.raw), answer.raw[:300])
    answer = function.invoke({"do": "big", "bytes": limit + 200})
    assert answer.error == "Unhandled", (answer.error, len(answer.raw))
    assert answer.json["errorType"] == "Function.ResponseSizeTooLarge"
    assert answer.json["errorMessage"] == \
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    assert function.invoke({"go": "on"}).json == {"go": "on"}


def test_a_package_without_the_handler(functions):
    answer = functions("node", Handler="index.missing").invoke({})
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Runtime.HandlerNotFound", answer
    answer = functions("python", Handler="nothing.handler").invoke({})
    assert answer.json["errorType"] == "Runtime.ImportModuleError", answer


def test_a_package_without_bootstrap(functions, make_zip):
    answer = functions("cpp", code=make_zip({"readme": "no bootstrap here"})).invoke({})
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Runtime.InvalidEntrypoint", answer
    assert answer.json["errorMessage"].startswith(
        f"RequestId: {answer.request_id} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap"), answer


def read_log(server, function):
    """The function's log events, by `meridian logs --json`."""
    import subprocess
    time.sleep(0.2)
    done = subprocess.run([server.tool("meridian"), "logs", function.name, "--json", "--data", str(server.data)],
                          capture_output=True, text=True, env=server.environment(), timeout=20)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["message"] for line in done.stdout.splitlines()]
