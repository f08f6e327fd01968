"""The life of execution environments: reuse, concurrency, limits, failures, retirement, shutdown."""

import concurrent.futures
import json
import os
import re
import signal
import subprocess
import time
import uuid

import pytest

from conftest import Functions
from meridian_server import wait_until

# Says which environment and process serves, counts, and keeps a file in /tmp.
COUNTER = """
const fs = require('node:fs'), crypto = require('node:crypto');
const id = crypto.randomUUID();
let count = 0;
exports.handler = async (event) => {
    count += 1;
    if (event.write) fs.writeFileSync('/tmp/kept', event.write);
    if (event.ms) await new Promise((resolve) => setTimeout(resolve, event.ms));
    if (event.spin) for (;;) {}
    if (event.exit !== undefined) process.exit(event.exit);
    if (event.signal) { process.kill(process.pid, event.signal); await new Promise(() => {}); }
    if (event.fill) { const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1)); }
    let kept = null;
    try { kept = fs.readFileSync('/tmp/kept', 'utf8'); } catch {}
    return { id, count, kept, version: VERSION };
};
"""


def counter(make_zip, version="1"):
    return make_zip({"index.js": COUNTER.replace("VERSION", json.dumps(version))})


@pytest.fixture
def make_counter(functions, make_zip):
    """make_counter(**settings): a counting function in the shared server."""
    return lambda **settings: functions("node", code=counter(make_zip), **settings)


def concurrently(count, call):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return [f.result() for f in [pool.submit(call, i) for i in range(count)]]


def mark():
    """Variables by which a function's processes are found."""
    marker = "mark-" + uuid.uuid4().hex
    return marker, {"Variables": {"MARKER": marker}}


def test_a_warm_environment_is_reused(make_counter):
    function = make_counter()
    answers = [function.invoke({}) for _ in range(5)]
    assert len({answer.json["id"] for answer in answers}) == 1
    assert [answer.json["count"] for answer in answers] == [1, 2, 3, 4, 5]


def test_only_the_first_invocation_reports_init(make_counter):
    function = make_counter()
    assert "Init Duration" in function.invoke({}, log=True).log
    assert "Init Duration" not in function.invoke({}, log=True).log


def test_concurrent_invocations_have_environments_of_their_own(make_counter, server):
    marker, variables = mark()
    function = make_counter(Environment=variables, Timeout=20)
    answers = concurrently(6, lambda _: function.invoke({"ms": 3000}))
    assert [a.error for a in answers] == [None] * 6, answers
    assert len({a.json["id"] for a in answers}) == 6
    assert len(server.sandboxed(marker)) == 6
    again = concurrently(4, lambda _: function.invoke({"ms": 300}))
    assert {a.json["id"] for a in again} <= {a.json["id"] for a in answers}


def test_timeout(make_counter):
    function = make_counter(Timeout=1, MemorySize=1769)  # a whole CPU: the second init counts in the timeout
    first = function.invoke({"write": "before the timeout"})
    assert first.json["kept"] == "before the timeout"
    started = time.monotonic()
    late = function.invoke({"ms": 5000}, log=True)
    assert 0.9 < time.monotonic() - started < 4
    assert (late.status, late.error) == (200, "Unhandled")
    assert late.json == {"errorType": "Sandbox.Timedout", "errorMessage":
                         f"RequestId: {late.request_id} Error: Task timed out after 1.00 seconds"}
    assert list(late.json) == ["errorType", "errorMessage"]
    report = [line for line in late.log.splitlines() if line.startswith("REPORT ")]
    assert len(report) == 1 and report[0].endswith("\tStatus: timeout"), late.log
    after = function.invoke({})
    assert after.error is None, after
    assert after.json["count"] == 1 and after.json["id"] != first.json["id"], "the memory did not survive"
    assert after.json["kept"] == "before the timeout", "/tmp did"


def test_timeout_of_a_busy_loop(make_counter):
    function = make_counter(Timeout=1, MemorySize=1769)  # a whole CPU: the second init counts in the timeout
    assert function.invoke({"spin": True}).json["errorType"] == "Sandbox.Timedout"
    assert function.invoke({}).error is None


@pytest.mark.parametrize("event, text", [
    ({"exit": 0}, "Runtime exited without providing a reason"),
    ({"exit": 3}, "Runtime exited with error: exit status 3"),
    ({"signal": "SIGSEGV"}, "Runtime exited with error: signal: segmentation fault"),
    ({"signal": "SIGKILL"}, "Runtime exited with error: signal: killed"),
])
def test_a_runtime_that_ends(make_counter, event, text):
    function = make_counter(Timeout=20)
    first = function.invoke({"write": "kept"})
    answer = function.invoke(event, log=True)
    assert (answer.status, answer.error) == (200, "Unhandled")
    assert answer.json == {"errorType": "Runtime.ExitError",
                           "errorMessage": f"RequestId: {answer.request_id} Error: {text}"}
    assert re.search(r"^REPORT .*\tStatus: error\tError Type: Runtime.ExitError$", answer.log, re.M), answer.log
    after = function.invoke({}, log=True)
    assert after.json["count"] == 1 and after.json["id"] != first.json["id"]
    assert after.json["kept"] == "kept"
    assert "Init Duration" not in after.log, "an init within an invocation is not shown"


def test_out_of_memory(make_counter, server):
    neighbour = make_counter()
    assert neighbour.invoke({}).json["count"] == 1
    function = make_counter(Timeout=60, MemorySize=128)
    assert function.invoke({}).error is None
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        bomb = pool.submit(lambda: function.invoke({"fill": True}, log=True))
        count = 1
        while not bomb.done():
            count += 1
            assert neighbour.invoke({}).json["count"] == count
            time.sleep(0.05)
    answer = bomb.result()
    assert answer.error == "Unhandled"
    assert answer.json == {"errorType": "Runtime.OutOfMemory", "errorMessage":
                           f"RequestId: {answer.request_id} Error: Runtime exited with error: signal: killed"}
    assert re.search(r"\tStatus: error\tError Type: Runtime.OutOfMemory$", answer.log, re.M), answer.log
    assert function.invoke({}).json["count"] == 1
    assert neighbour.invoke({}).json["count"] == count + 1


def test_init_timeout(functions):
    """An init of more than 10 s is abandoned and runs again in the invocation, under the function's timeout."""
    function = functions("python", variables={"TEST_INIT": "sleep:60000"}, Timeout=1)
    started = time.monotonic()
    answer = function.invoke({}, log=True)
    took = time.monotonic() - started
    assert answer.json == {"errorType": "Sandbox.Timedout", "errorMessage":
                           f"RequestId: {answer.request_id} Error: Task timed out after 1.00 seconds"}
    assert 10 < took < 20, took
    reports = re.findall(r"^INIT_REPORT Init Duration: ([\d.]+) ms\tPhase: init\tStatus: timeout$", answer.log, re.M)
    assert len(reports) == 1 and 9_900 < float(reports[0]) < 11_500, answer.log


def test_a_slow_init_has_its_second_chance(functions):
    function = functions("python", variables={"TEST_INIT": "sleep:10600"}, Timeout=30)
    assert function.invoke({"a": 1}).json == {"a": 1}


def test_account_limit(start_server, make_zip):
    server = start_server(flags=["--account-concurrency", "2"])
    functions = Functions(server)
    function = functions("node", code=counter(make_zip), Timeout=20)
    other = functions("cpp")
    assert function.api.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 2
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(lambda: function.invoke({"ms": 4000})) for _ in range(2)]
        wait_until(lambda: len([p for p in server.sandboxed("AWS_LAMBDA_FUNCTION_NAME=" + function.name)]) == 2)
        time.sleep(1)
        for refused in (function, other):
            with pytest.raises(refused.api.exceptions.TooManyRequestsException) as error:
                refused.invoke({})
            response = error.value.response
            assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
            assert response["Reason"] == "ConcurrentInvocationLimitExceeded"
            assert response["Error"]["Message"] == "Rate Exceeded."
        there = functions("cpp", region="sa-east-1")
        assert there.invoke({"x": 1}).json == {"x": 1}, "the limit is a region's"
        assert [b.result().error for b in busy] == [None, None]
    assert other.invoke({"x": 1}).json == {"x": 1}


def test_idle_environments_end(start_server, make_zip):
    server = start_server(flags=["--idle-lifetime", "1"])
    marker, variables = mark()
    function = Functions(server)("node", code=counter(make_zip), Environment=variables)
    first = function.invoke({}).json["id"]
    assert server.sandboxed(marker)
    wait_until(lambda: not server.sandboxed(marker), seconds=6, what="the end of the idle environment")
    assert function.invoke({}).json["id"] != first


def test_an_update_retires_the_old_code(make_counter, make_zip, server):
    marker, variables = mark()
    function = make_counter(Environment=variables, Timeout=20)
    old = function.invoke({}).json
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: function.invoke({"ms": 3000}))
        time.sleep(0.5)
        function.update_code(counter(make_zip, "2"))
        new = function.invoke({}).json
        assert (new["version"], new["count"]) == ("2", 1)
        assert not running.done()
        finished = running.result().json
    assert (finished["version"], finished["id"]) == ("1", old["id"]), "a running invocation finishes on the old code"
    wait_until(lambda: len(server.sandboxed(marker)) == 1, what="the end of the old environment")
    assert function.invoke({}).json == {**new, "count": 2}


def test_a_new_configuration_starts_new_environments(make_counter):
    function = make_counter()
    first = function.invoke({}).json["id"]
    function.configure(Environment={"Variables": {"NEW": "1"}})
    assert function.invoke({}).json["id"] != first


def test_versions_have_environments_of_their_own(make_counter, make_zip):
    function = make_counter()
    version = function.api.publish_version(FunctionName=function.name)["Version"]
    function.update_code(counter(make_zip, "2"))
    latest, published = function.invoke({}), function.invoke({}, Qualifier=version)
    assert (latest.version, latest.json["version"]) == ("$LATEST", "2")
    assert (published.version, published.json["version"]) == (version, "1")


def test_deletion_ends_everything(functions, server):
    marker, variables = mark()
    function = functions("python", Environment=variables)
    # Processes of their own session; the second ignores SIGTERM.
    assert function.invoke({"do": "orphan"}).error is None
    script = "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' </dev/null >/dev/null 2>&1 &"
    assert function.invoke({"do": "run", "command": ["sh", "-c", script]}).json["status"] == 0
    assert len(server.sandboxed(marker)) >= 3
    function.delete()
    wait_until(lambda: not server.sandboxed(marker), what="the end of the function's processes")
    with pytest.raises(function.api.exceptions.ResourceNotFoundException):
        function.invoke({})


def test_deletion_during_an_invocation(make_counter, server):
    marker, variables = mark()
    function = make_counter(Environment=variables, Timeout=20)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: function.invoke({"ms": 2000}))
        wait_until(lambda: server.sandboxed(marker))
        time.sleep(0.5)
        function.delete()
        running.exception()  # answered or refused: either way it ends, and so do its processes
    wait_until(lambda: not server.sandboxed(marker), what="the end of the function's processes")


def test_background_work_stops_between_invocations(functions):
    """A frozen environment does nothing: what it counts in the background stands still."""
    function = functions("python", Timeout=20)
    script = "while :; do echo x >> /tmp/beats; sleep 0.01; done"
    run = lambda *command: function.invoke({"do": "run", "command": command}).json["stdout"]  # noqa: E731
    run("sh", "-c", f"setsid sh -c '{script}' </dev/null >/dev/null 2>&1 &")
    before = int(run("sh", "-c", "sleep 0.5; wc -l < /tmp/beats"))
    assert before > 5
    time.sleep(3)
    after = int(run("sh", "-c", "wc -l < /tmp/beats"))
    assert after - before < 60, (before, after)


@pytest.mark.parametrize("user", [None, "rootless"])
def test_sigterm_drains_and_ends_everything(start_server, make_zip, user):
    server = start_server(user=(65534, 65534) if user else None)
    functions = Functions(server)
    marker, variables = mark()
    function = functions("node", code=counter(make_zip), Environment=variables, Timeout=20)
    idle = functions("cpp", Environment=variables)
    assert idle.invoke({}).error is None
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: function.invoke({"ms": 2500}))
        wait_until(lambda: len(server.sandboxed(marker)) >= 2)
        time.sleep(1)
        mine = server.own_processes()
        server.terminate()
        answer = running.result(20)
    assert (answer.error, answer.json["count"]) == (None, 1), "an invocation in progress is answered"
    assert server.wait() == 0
    wait_until(lambda: not [pid for pid in mine if os.path.exists(f"/proc/{pid}")], what="the end of every process")
    assert not server.left_groups()


def test_ctrl_c_ends_it_too(start_server):
    server = start_server()
    mine = server.own_processes()
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.wait() == 0
    wait_until(lambda: not [pid for pid in mine if os.path.exists(f"/proc/{pid}")], what="the end of every process")


# meridian logs

def test_logs(server, functions):
    function = functions("node")
    for text in ("first", "second", "third"):
        function.invoke({"do": "log", "text": text + " message"})

    def shown():
        done = subprocess.run([server.tool("meridian"), "logs", function.name, "--data", str(server.data)],
                              capture_output=True, text=True, env=server.environment(), timeout=20)
        assert done.returncode == 0, done.stderr
        return done.stdout if done.stdout.count("REPORT RequestId") == 3 else None
    text = wait_until(shown, what="three reports in the log")
    places = [text.index(word + " message") for word in ("first", "second", "third")]
    assert places == sorted(places)
    assert text.count("START RequestId") == text.count("END RequestId") == 3


def test_logs_of_a_function_that_is_not(server):
    done = subprocess.run([server.tool("meridian"), "logs", "no-such-function", "--data", str(server.data)],
                          capture_output=True, text=True, env=server.environment(), timeout=20)
    assert done.returncode != 0 and "no-such-function" in done.stderr, done


def test_logs_follow(server, functions):
    function = functions("node")
    function.invoke({"do": "log", "text": "before"})
    follower = subprocess.Popen([server.tool("meridian"), "logs", function.name, "--follow", "--data", str(server.data)],
                                stdout=subprocess.PIPE, env=server.environment())
    try:
        os.set_blocking(follower.stdout.fileno(), False)
        seen = ""

        def has(text):
            nonlocal seen
            seen += (follower.stdout.read() or b"").decode()
            return text in seen
        wait_until(lambda: has("before"), what="the event of before")
        function.invoke({"do": "log", "text": "while it follows"})
        wait_until(lambda: has("while it follows"), seconds=5, what="the new event")
        assert follower.poll() is None
        assert seen.count("before") == 1
        follower.send_signal(signal.SIGINT)
        assert follower.wait(5) in (0, 130, -signal.SIGINT)
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()


def test_every_environment_has_a_log_stream(make_counter, server):
    function = make_counter(Timeout=20)
    concurrently(3, lambda _: function.invoke({"ms": 2000}))

    def streams():
        done = subprocess.run([server.tool("meridian"), "logs", function.name, "--json", "--data", str(server.data)],
                              capture_output=True, text=True, env=server.environment(), timeout=20)
        found = {json.loads(line)["logStreamName"] for line in done.stdout.splitlines()}
        return found if len(found) == 3 else None
    assert all(re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", s) for s in wait_until(streams))
