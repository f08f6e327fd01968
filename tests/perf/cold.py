"""A cold start of a static program, as the caller of Invoke sees it, against `runc run` of the same program until its
first byte. Each sample of Meridian gets a fresh environment: a new configuration retires the old one."""

import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
import zipfile

from harness import FUNCTIONS, Report, make_function, make_role, server, signed_invoke, spread

SAMPLES = 40
LIMIT = 0.5
PAUSE_SECONDS = 0.03  # between samples, for both: what the last one left is taken away in peace


class RuncBundle:
    """The test function's bootstrap alone in a root directory, with what `runc spec` gives. Outside of a function its
    only deed is to write that the Runtime API is missing: that is the byte we wait for."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        rootfs = self.folder / "rootfs"
        rootfs.mkdir()
        with zipfile.ZipFile(FUNCTIONS / "cpp.zip") as package:
            package.extract("bootstrap", rootfs)
        (rootfs / "bootstrap").chmod(0o755)
        subprocess.run(["runc", "spec"], cwd=self.folder, check=True)
        spec = json.loads((self.folder / "config.json").read_text())
        spec["process"].update(terminal=False, args=["/bootstrap"])
        (self.folder / "config.json").write_text(json.dumps(spec))

    def first_byte(self):
        name = f"meridian-bench-{uuid.uuid4().hex[:12]}"
        begin = time.perf_counter()
        process = subprocess.Popen(["runc", "--root", str(self.folder / "state"), "run", "--bundle", str(self.folder),
                                    name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        first = process.stdout.read(1)
        taken = time.perf_counter() - begin
        rest = process.stdout.read()
        process.wait()
        if not (first + rest).startswith(b"bootstrap:"):
            raise RuntimeError(f"runc: {(first + rest).decode(errors='replace')}")
        return taken * 1000


class Caller:
    """Sends one signed Invoke again and again on one connection."""

    def __init__(self, meridian, name):
        self.request = signed_invoke(meridian, name)
        host, port = meridian.endpoint.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def invoke(self):
        begin = time.perf_counter()
        self.socket.sendall(self.request)
        answer = b""
        while not answer.endswith(b"\r\n\r\n{}"):
            piece = self.socket.recv(65536)
            if not piece:
                raise RuntimeError(f"the connection ended: {answer}")
            answer += piece
        taken = time.perf_counter() - begin
        if not answer.startswith(b"HTTP/1.1 200 ") or b"Function-Error" in answer:
            raise RuntimeError(answer.decode(errors="replace"))
        return taken * 1000


def run():
    report = Report("cold")
    with server() as meridian, tempfile.TemporaryDirectory(prefix="meridian-bench-") as folder:
        api = make_function(meridian, "noop", make_role(meridian))
        runc = RuncBundle(folder)
        caller = Caller(meridian, "noop")
        waiter = api.get_waiter("function_updated_v2")

        def cold(number):
            api.update_function_configuration(FunctionName="noop", Environment={"Variables": {"SAMPLE": str(number)}})
            waiter.wait(FunctionName="noop", WaiterConfig={"Delay": 0.01, "MaxAttempts": 1000})
            time.sleep(PAUSE_SECONDS)
            return caller.invoke()

        cold(-1), runc.first_byte(), caller.invoke()
        samples = {"meridian": [], "peer": [], "warm": []}
        for number in range(SAMPLES):
            samples["meridian"].append(cold(number))
            samples["warm"].append(caller.invoke())  # proves that the one before was cold
            time.sleep(PAUSE_SECONDS)
            samples["peer"].append(runc.first_byte())
        shutil.rmtree(pathlib.Path(folder) / "state", ignore_errors=True)
    report.raw = samples
    ours, theirs = spread(samples["meridian"]), spread(samples["peer"])
    ratio = spread([a / b for a, b in zip(samples["meridian"], samples["peer"])])["median"]
    report.row("cold invocation vs runc run, p50", ours["median"], theirs["median"], ratio, LIMIT, "ms")
    report.row("cold invocation, p75", ours["p75"], theirs["p75"], ours["p75"] / theirs["p75"], unit="ms")
    report.row("cold invocation, slowest", ours["max"], theirs["max"], ours["max"] / theirs["max"], unit="ms")
    report.row("warm invocation from the same caller, p50", spread(samples["warm"])["median"], unit="ms")
    return report.finish()
