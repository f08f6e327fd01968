"""Proves runtime bundles without Meridian: tests/runtimes/prove.py [runtime...]  (default: every installed one)

Each bundle becomes a root directory made of exactly what its manifest names (bubblewrap does it), in a network
namespace with nothing but the loopback device. A Runtime API written here hands the test function of
tests/functions its events and checks what comes back: the body of a response, an error's type and message, an
init error, console lines, the frames on the telemetry descriptor and what log lines look like in them, the ways to name
a handler, the environment and AWS_LAMBDA_EXEC_WRAPPER.
"""

import http.server
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TELEMETRY_FD = 3
UNPRIVILEGED = 65534
ARN = "arn:aws:lambda:us-east-1:123456789012:function:prove"
CODE = {  # runtime prefix: zips of tests/functions, handler
    "python": (["python.zip"], "handler.handler"),
    "nodejs": (["node.zip"], "index.handler"),
    "java": (["java.zip"], "Handler::handleRequest"),
    "provided": (["cpp.zip", "go.zip"], "unused"),
}


def bundles_root():
    default = "/var/cache" if os.geteuid() == 0 else os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    return pathlib.Path(os.environ.get("MERIDIAN_RUNTIMES", default + "/meridian/runtimes"))


class RuntimeApi:
    """/next waits for `events`; what the runtime reports lands in `reports` as (kind, id, headers, body)."""

    def __init__(self):
        self.events = queue.Queue()
        self.reports = queue.Queue()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one segment a reply, and none held back: what is timed is the runtime
            disable_nagle_algorithm = True

            def do_GET(self):
                if not self.path.endswith("/runtime/invocation/next"):
                    return self.reply(404, b"{}")
                request_id, event = outer.events.get()
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": request_id,
                    "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 30000),
                    "Lambda-Runtime-Invoked-Function-Arn": ARN,
                    "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
                }
                self.reply(200, event, headers)

            def do_POST(self):
                if self.headers.get("Transfer-Encoding", "") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    while self.rfile.readline().strip():
                        pass
                else:
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                parts = self.path.strip("/").split("/")[2:]  # without 2018-06-01/runtime
                request_id = parts[1] if parts[0] == "invocation" else ""
                outer.reports.put((parts[-1] if request_id else "/".join(parts), request_id, dict(self.headers), body))
                self.reply(202, b'{"status":"OK"}')

            def reply(self, status, body, headers=()):
                self.send_response(status)
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 9001), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a runtime that ends cuts its connection
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Environment:
    """One process of the runtime in its root directory."""

    def __init__(self, directory, manifest, task, handler, extra=None):
        self.api = RuntimeApi()
        self.count = 0
        variables = {
            **manifest["environment"],
            "_HANDLER": handler,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_NAME": "prove",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/prove",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
            "LAMBDA_TASK_ROOT": "/var/task",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "TZ": ":UTC",
            **(extra or {}),
        }
        if "command" in manifest:
            variables["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + manifest["runtime"]
        read_end, write_end = os.pipe()
        if manifest["telemetry_log_fd"]:
            variables["_LAMBDA_TELEMETRY_LOG_FD"] = str(TELEMETRY_FD)
        command = [handler if word == "{handler}" else word for word in manifest.get("command", [])]
        if not command:
            command = [next(p for p in manifest["bootstrap"] if (task / p.removeprefix("/var/task/")).exists())]
        root = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/opt"]
        for mount in manifest["mounts"]:
            root += ["--ro-bind", str(directory / mount["source"]), mount["target"]]
        for link, target in manifest["links"]:
            root += ["--symlink", target, link]
        root += ["--ro-bind", str(task), "/var/task", "--chdir", "/var/task"]
        for name, value in variables.items():
            root += ["--setenv", name, value]
        as_nobody = []
        if os.environ.get("PROVE_AS_ROOT") == "1":  # set by main(): what counts is that nobody can read the bundle
            as_nobody = ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"]

        def telemetry():
            os.dup2(write_end, TELEMETRY_FD)
            os.set_inheritable(TELEMETRY_FD, True)

        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*as_nobody, "bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--new-session",
             "--clearenv", *root, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=telemetry,
            pass_fds=[TELEMETRY_FD],
        )  # fmt: skip
        os.close(write_end)
        self.output, self.frames = b"", b""
        self.readers = [
            threading.Thread(target=self._read, args=(self.process.stdout.fileno(), "output"), daemon=True),
            threading.Thread(target=self._read, args=(read_end, "frames"), daemon=True),
        ]
        for reader in self.readers:
            reader.start()

    def _read(self, fd, into):
        while data := os.read(fd, 65536):
            setattr(self, into, getattr(self, into) + data)

    def report(self):
        try:
            return self.api.reports.get(timeout=20)
        except queue.Empty:
            raise AssertionError(f"no report from the runtime; it printed:\n{self.output.decode(errors='replace')}")

    def invoke(self, event):
        self.count += 1
        request_id = f"8476a536-e9f4-11e8-9739-{self.count:012d}"
        body = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()
        self.api.events.put((request_id, body))
        kind, reported_id, headers, answer = self.report()
        assert reported_id == request_id, (kind, reported_id, answer)
        return kind, headers, answer

    def wait_for(self, what, where):
        deadline = time.monotonic() + 5
        while what not in getattr(self, where):
            assert time.monotonic() < deadline, f"no {what!r} in {where}: output {self.output!r}, frames {self.frames!r}"
            time.sleep(0.01)

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for reader in self.readers:
            reader.join(5)
        self.api.close()


def parse_frames(data):
    """(type, message) of each frame: type, length, microseconds, text; big-endian."""
    found = []
    while data:
        kind, size, micros = struct.unpack(">IIQ", data[:16])
        assert kind & 0xFFFF0000 == 0xA55A0000, hex(kind)
        assert abs(micros / 1e6 - time.time()) < 600, micros
        found.append((kind, data[16 : 16 + size]))
        data = data[16 + size :]
    return found


def prove_function(directory, manifest, task, handler, language):
    environment = Environment(directory, manifest, task, handler)
    invoke = environment.invoke
    try:
        event = {"text": "Grüße, \u65e5\u672c", "number": 1.5, "list": [1, None, True]}
        kind, _, body = invoke(event)
        cold = time.monotonic() - environment.started
        assert kind == "response" and json.loads(body) == event, (kind, body)

        kind, _, body = invoke({"do": "error", "message": "it failed"})
        error = json.loads(body)
        assert kind == "error" and error["errorMessage"] == "it failed", (kind, body)
        assert error["errorType"].rpartition("$")[2] == "TestError", body  # Java names the class in full

        for stream in ["stdout", "stderr"] + (["logger"] if language in ("java", "python") else []):
            text = f"a line to {stream}: ü"
            assert invoke({"do": "log", "text": text, "stream": stream})[0] == "response"
            framed = manifest["telemetry_log_fd"] and (language == "nodejs" or stream == "logger")
            environment.wait_for(text.encode(), "frames" if framed else "output")

        kind, _, body = invoke({"do": "env"})
        seen = json.loads(body)
        for name, value in {**manifest["environment"], "_HANDLER": handler, "LAMBDA_TASK_ROOT": "/var/task"}.items():
            assert seen.get(name) == value, (name, seen.get(name), value)

        kind, _, body = invoke({"do": "big", "bytes": 100000})
        assert kind == "response" and len(body) == 100000, len(body)

        if language != "cpp":
            context = json.loads(invoke({"do": "context"})[2])
            assert context["awsRequestId"].startswith("8476a536") and context["invokedFunctionArn"] == ARN, context
            assert 20000 < context["remainingTimeInMillis"] <= 30000, context

        if language == "python":
            probe = "import boto3, ssl, sqlite3; print(boto3.__version__, boto3.__file__)"
            done = json.loads(invoke({"do": "run", "command": ["python3", "-c", probe]})[2])
            assert done["status"] == 0 and "/var/runtime/" in done["stdout"], done

        started = time.monotonic()
        for _ in range(100):
            invoke(b"{}")
        warm = (time.monotonic() - started) / 100

        environment.api.events.put(("last", b'{"do":"exit","code":3}'))
        assert environment.process.wait(10) == 3, environment.process.returncode
        for reader in environment.readers:
            reader.join(5)
        frames = parse_frames(environment.frames)
        return cold, warm, frames
    finally:
        environment.close()


def prove_init_error(directory, manifest, task, handler, language):
    environment = Environment(directory, manifest, task, handler, {"TEST_INIT": "error"})
    try:
        if language != "go":  # aws-lambda-go reports nothing, it just ends
            kind, _, headers, body = environment.report()
            error = json.loads(body)
            assert kind == "init/error", (kind, body)
            assert error["errorType"].rpartition("$")[2] == "TestInitError", body
            assert error["errorMessage"] == "init failed", body
        assert environment.process.wait(10) != 0
    finally:
        environment.close()


def prove_wrapper(directory, manifest, task, handler):
    wrapper = task / "wrapper"
    wrapper.write_text('#!/bin/sh\nexport WRAPPED="$*"\nexec "$@"\n')
    wrapper.chmod(0o755)
    environment = Environment(directory, manifest, task, handler, {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"})
    try:
        wrapped = json.loads(environment.invoke({"do": "env"})[2])["WRAPPED"]
        assert wrapped, "the wrapper did not run"
    finally:
        environment.close()
    environment = Environment(directory, manifest, task, handler, {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/absent"})
    try:
        assert environment.process.wait(10) == 127
    finally:
        environment.close()


def prove(directory, functions, work):
    manifest = json.loads((directory / "manifest.json").read_text())
    assert manifest["runtime"] == directory.name and manifest["format"] == 1
    zips, handler = next(value for prefix, value in CODE.items() if manifest["runtime"].startswith(prefix))
    for name in zips:
        if not (functions / name).exists():
            print(f"{directory.name} with {name}: skipped, the function could not be built")
            continue
        task = work / f"{directory.name}-{name}"
        with zipfile.ZipFile(functions / name) as archive:
            archive.extractall(task)
            for info in archive.infolist():
                (task / info.filename).chmod(info.external_attr >> 16 & 0o777)
        language = {"node.zip": "nodejs"}.get(name, name.removesuffix(".zip"))
        cold, warm, frames = prove_function(directory, manifest, task, handler, language)
        prove_init_error(directory, manifest, task, handler, language)
        if "command" in manifest:
            prove_wrapper(directory, manifest, task, handler)
        if language in HANDLERS:
            prove_handlers(directory, manifest, work, language)
        if language in LOGGING:
            prove_log_lines(directory, manifest, work, language)
        kinds = sorted({hex(kind) for kind, _ in frames})
        print(
            f"{directory.name} with {name}: proven; first answer {cold * 1000:.0f} ms, next {warm * 1000:.2f} ms; "
            f"{len(frames)} frames {' '.join(kinds)}".rstrip(),
            flush=True,
        )


TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
ID = r"8476a536-e9f4-11e8-9739-\d{12}"
LOGGING = {  # language: a function that logs, then throws; its frames as text: (type, pattern)
    "python": (
        {"app.py": "import logging\nlogging.getLogger().setLevel('INFO')\n"
                   "def handler(event, context):\n    logging.info('one\\ntwo')\n    raise ValueError('bad')\n"},
        [(0xA55A0003, rf"\[INFO\]\t{TIME}\t{ID}\tone\ntwo\n"),
         # Python's client does not put the level of the logging module's lines into a text frame's type.
         (0xA55A0017, r"\[ERROR\] ValueError: bad\nTraceback \(most recent call last\):\n\u00a0\u00a0File .*")],
    ),
    "nodejs": (
        {"app.js": "exports.handler = async () => { console.log('one\\ntwo'); console.warn('w'); throw new TypeError('bad') }"},
        [(0xA55A000F, rf"{TIME}\t{ID}\tINFO\tone\ntwo\n"),
         (0xA55A0013, rf"{TIME}\t{ID}\tWARN\tw\n"),
         (0xA55A0017, rf"{TIME}\t{ID}\tERROR\tInvoke Error \t{{.*}}\n")],
    ),
}  # fmt: skip


def write_files(task, files):
    for name, content in files.items():
        path = task / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def prove_log_lines(directory, manifest, work, language):
    files, expected = LOGGING[language]
    for log_format in ("Text", "JSON"):
        task = work / f"{directory.name}-log-{log_format}"
        write_files(task, files)
        extra = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"} if log_format == "JSON" else {}
        environment = Environment(directory, manifest, task, "app.handler", extra)
        try:
            assert environment.invoke({})[0] == "error"
            environment.wait_for(b"bad", "frames")
            time.sleep(0.1)  # the rest of the last frame
            frames = [(kind, text.decode()) for kind, text in parse_frames(environment.frames)]
        finally:
            environment.close()
        assert len(frames) == len(expected), frames
        for (kind, text), (text_kind, pattern) in zip(frames, expected):
            if log_format == "Text":
                assert kind == text_kind and re.fullmatch(pattern, text, re.DOTALL), (hex(kind), text, pattern)
            else:
                # Its type is that of text with the lowest bit clear, and always has the level.
                assert kind & 0xFFFFFF03 == 0xA55A0002 and kind & 0xFC, (hex(kind), text)
                line = json.loads(text)
                assert line["level"] in ("INFO", "WARN", "ERROR") and re.fullmatch(ID, line["requestId"]), text


NODE = "exports.handler = async () => 'found'"
PYTHON = "def handler(event, context):\n    return 'found'\n"
HANDLERS = {  # language: (files, handler, the answer or the type of the init error)
    "python": [
        ({"pkg/sub/app.py": PYTHON}, "pkg/sub/app.handler", "found"),
        ({"pkg/sub/app.py": PYTHON}, "pkg.sub.app.handler", "found"),
        ({"app.py": PYTHON}, "absent.handler", "Runtime.ImportModuleError"),
        ({"app.py": PYTHON}, "app.absent", "Runtime.HandlerNotFound"),
        ({"app.py": "def ("}, "app.handler", "Runtime.UserCodeSyntaxError"),
    ],
    "nodejs": [
        ({"src/app.js": NODE}, "src/app.handler", "found"),
        ({"app.cjs": NODE}, "app.handler", "found"),
        ({"app.mjs": "import found from './lib/x.mjs'; export const handler = async () => found",
          "lib/x.mjs": "export default 'found'"}, "app.handler", "found"),
        ({"app.js": "exports.a = { b: { handler: async () => 'found' } }"}, "app.a.b.handler", "found"),
        ({"app.js": NODE}, "absent.handler", "Runtime.ImportModuleError"),
        ({"app.js": NODE}, "app.absent", "Runtime.HandlerNotFound"),
        ({"app.js": "exports.handler = ("}, "app.handler", "Runtime.UserCodeSyntaxError"),
    ],
}  # fmt: skip


def prove_handlers(directory, manifest, work, language):
    for number, (files, handler, expected) in enumerate(HANDLERS[language]):
        task = work / f"{directory.name}-handler-{number}"
        write_files(task, files)
        environment = Environment(directory, manifest, task, handler)
        try:
            if expected == "found":
                kind, _, body = environment.invoke({})
                assert kind == "response" and json.loads(body) == "found", (handler, kind, body)
            else:
                kind, _, headers, body = environment.report()
                seen = {name.lower(): value for name, value in headers.items()}
                assert kind == "init/error" and json.loads(body)["errorType"] == expected, (handler, kind, body)
                assert seen["lambda-runtime-function-error-type"] == expected, headers
                assert environment.process.wait(10) != 0
        finally:
            environment.close()


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        import fcntl

        up = struct.pack("16sH14x", b"lo", 1)  # IFF_UP
        fcntl.ioctl(probe, 0x8914, up)  # SIOCSIFFLAGS


def main():
    if "PROVE_INSIDE" not in os.environ:
        if not shutil.which("bwrap"):
            print("bwrap is missing (apt: bubblewrap)")
            return 77
        namespaces = ["unshare", "--net"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
        as_root = "1" if os.geteuid() == 0 else "0"
        os.environ["MERIDIAN_RUNTIMES"] = str(bundles_root())
        os.execvpe(namespaces[0], [*namespaces, sys.executable, *sys.argv],
                   {**os.environ, "PROVE_INSIDE": "1", "PROVE_AS_ROOT": as_root})  # fmt: skip
    loopback_up()
    root = bundles_root()
    names = sys.argv[1:] or sorted(p.parent.name for p in root.glob("[!.]*/manifest.json"))
    failed = 0
    with tempfile.TemporaryDirectory(prefix="meridian-prove-") as work:
        work = pathlib.Path(work)
        work.chmod(0o755)
        functions = pathlib.Path(os.environ.get("MERIDIAN_TEST_FUNCTIONS", work / "zips"))
        subprocess.run([HERE.parent / "functions" / "build", functions], check=True)
        for name in names:
            try:
                prove(root / name, functions, work)
            except Exception as error:
                failed += 1
                print(f"{name}: FAILED: {type(error).__name__}: {error}", flush=True)
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
