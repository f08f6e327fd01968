"""From `script/server` to the first answered invocation where everything is installed and built already: a role, a
function and its first call by boto3."""

import json
import time

import boto3  # noqa: F401 (not on the clock)
from harness import ROOT, MeridianServer, Report, make_function, make_role, spread

ROUNDS = 3
LIMIT_SECONDS = 10


class ScriptServer(MeridianServer):
    def command(self):
        return [str(ROOT / "script/server"), "--data", str(self.data), "--port", "0"]


def wait_of_a_newcomer():
    begin = time.perf_counter()
    with ScriptServer(bin_dir=ROOT / "build/release/bin") as meridian:
        ready = time.perf_counter() - begin
        api = make_function(meridian, "first", make_role(meridian))
        answer = api.invoke(FunctionName="first", Payload=b'{"hello":"world"}')
        taken = time.perf_counter() - begin
        assert json.load(answer["Payload"]) == {"hello": "world"}
    return ready, taken


def run():
    report = Report("newcomer")
    rounds = [wait_of_a_newcomer() for _ in range(ROUNDS)]
    report.raw = {"ready_seconds": [r for r, _ in rounds], "answered_seconds": [t for _, t in rounds]}
    report.row("script/server until it is ready", spread([r for r, _ in rounds])["median"], unit="s")
    report.row("script/server to the first answer", spread([t for _, t in rounds])["median"], limit=LIMIT_SECONDS, unit="s")
    return report.finish()
