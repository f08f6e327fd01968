"""The control plane: durable creations against MiniStack, which keeps functions in memory; what reading and invoking cost
with 100,000 functions stored, against a server with 10 of them; and what guards every request.

Every creation is of a new function. Its answer comes when code and definition are fsynced; preparing the function goes on
after it, and each side may finish what it has begun before the other's turn."""

import base64
import http.client
import json
import pathlib
import re
import statistics
import subprocess
import time

from harness import (BIN, PLACEMENTS, MiniStack, Report, in_turns, load, make_function, make_role, medians, place,
                     port_of, server, signed, signed_invoke)
from meridian_server import make_zip, wait_until

FEW, MANY = 10, 100_000
CREATE_ROUNDS = 9
# Connections → functions a round: enough that a round is longer than its beginning.
CREATIONS = {1: 400, 8: 1_500, 64: 3_000, 128: 3_000}
P50_LIMIT, RATE_LEAST = 1.0, 10.0
READ_ROUNDS, SECONDS, WARM_UP = 15, 0.4, 200
SAME_LIMIT = 1.1  # many functions stored, against few
SHARED_BY = 100   # functions that share a package, of those made to be many
BATCH, LOADERS = 5_000, 64
READ_NAMES = 2_000  # of the stored functions, read in turn
PAGES_TOLD = 100
GUARD_LIMIT_US, GUARD_ROUNDS = 15, 5  # a signature and the policies of its caller, with warm caches


def create(meridian, role, name, package):
    """The signed request; `package` tells packages apart."""
    code = make_zip({"bootstrap": f"#!/bin/sh\n# {package}\nexit 1\n"})
    return signed(meridian, "POST", "/2015-03-31/functions", json.dumps({
        "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": role, "MemorySize": 512,
        "Environment": {"Variables": {"STAGE": "prod", "TABLE": name}}, "Tags": {"team": "bench"},
        "Code": {"ZipFile": base64.b64encode(code).decode()}}).encode())


def get(meridian, names):
    return [signed(meridian, "GET", f"/2015-03-31/functions/{name}") for name in names]


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def settle(pid):
    """Waits until a process does next to nothing, and has for longer than a region's vault gathers changes."""
    def idle():
        before = cpu_ticks(pid)
        time.sleep(0.6)
        return cpu_ticks(pid) - before <= 1
    wait_until(idle, seconds=300, what="an idle server")


def creations(report, meridian, role, peer):
    """Returns how many functions Meridian has now. The gates: what one caller waits for, and the most that each side can
    do, with as many connections as suit it."""
    made = 0
    best = {"meridian": 0, "peer": 0}

    def a_round(port, pid, connections):
        nonlocal made
        count = CREATIONS[connections]
        names = [f"made-{made + n}" for n in range(count)]
        made += count
        requests = [create(meridian, role, name, name) for name in names]
        result = load(port, requests, connections, "once")
        settle(pid)
        return result

    stored = 0
    for connections, count in CREATIONS.items():
        measures = {"meridian": lambda: a_round(port_of(meridian), meridian.meridiand_pid, connections),
                    "peer": lambda: a_round(peer.port, peer.pid, connections)}
        in_turns(1, measures)
        results = in_turns(CREATE_ROUNDS, measures)
        stored += count * (CREATE_ROUNDS + 1)
        report.raw[f"create_{connections}"] = results
        gate = {"limit": P50_LIMIT} if connections == 1 else {}
        name = f"create, {connections} connection{'s' if connections > 1 else ''}"
        report.row(f"{name}, p50", *medians(results, "p50_us"), **gate, unit="us")
        report.row(f"{name}, p99", *medians(results, "p99_us"), unit="us")
        report.row(f"{name}, rate", *medians(results, "per_second"), unit="/s")
        for side, rounds in results.items():
            best[side] = max(best[side], statistics.median(r["per_second"] for r in rounds))
    report.row("create, each at its best, rate", best["meridian"], best["peer"], best["meridian"] / best["peer"],
               least=RATE_LEAST, unit="/s")
    return stored


def fill(report, meridian, role, stored):
    """Makes it MANY functions. Returns the names of those made here."""
    names = [f"stored-{number:06}" for number in range(MANY - stored)]
    seconds = 0
    for at in range(0, len(names), BATCH):
        requests = [create(meridian, role, name, (at + n) // SHARED_BY) for n, name in enumerate(names[at:at + BATCH])]
        seconds += load(port_of(meridian), requests, LOADERS, "once")["seconds"]
    report.row(f"create, {LOADERS} connections, shared code, rate", len(names) / seconds, unit="/s")
    settle(meridian.meridiand_pid)
    begin = time.perf_counter()
    meridian.restart()
    report.row(f"start with {MANY} functions", time.perf_counter() - begin, unit="s")
    return names


def listing(report, meridian):
    """All functions, page by page."""
    connection = http.client.HTTPConnection(meridian.endpoint.removeprefix("http://"))
    marker, count, times = b"", 0, []
    while marker is not None:
        path = "/2015-03-31/functions/" + (f"?Marker={marker.decode()}" if marker else "")
        head = signed(meridian, "GET", path).split(b"\r\n")[1:-2]
        headers = dict(line.decode().split(": ", 1) for line in head)
        begin = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        times.append((time.perf_counter() - begin) * 1e6)
        assert answer.status == 200, body
        count += len(re.findall(rb'"FunctionName":', body))
        found = re.search(rb'"NextMarker":"([^"]+)"', body)
        marker = found and base64_in_query(found[1])
    connection.close()
    assert count == MANY, f"{count} functions are listed"
    report.raw["pages_us"] = times
    first, last = (statistics.median(part) for part in (times[:PAGES_TOLD], times[-PAGES_TOLD - 1:-1]))
    report.row(f"ListFunctions, all {MANY}", sum(times) / 1e6, unit="s")
    report.row("ListFunctions, a page of 50: last and first", last, first, last / first, unit="us")


def base64_in_query(marker):
    import urllib.parse
    return urllib.parse.quote(marker, safe="").encode()


def against_few(report, what, many, few, requests):
    """`requests` makes the requests for a server. The gate is on the median."""
    clients, servers = PLACEMENTS["apart"]
    measures = {}
    for name, meridian in (("meridian", many), ("peer", few)):
        bytes_of = requests(meridian)
        measures[name] = lambda port=port_of(meridian), bytes_of=bytes_of: load(port, bytes_of, 1, SECONDS, WARM_UP,
                                                                                cpus=clients)
    in_turns(1, measures)
    place(servers, *many.own_processes(), *few.own_processes())
    results = in_turns(READ_ROUNDS, measures)
    report.raw[what] = results
    report.row(f"{what}: {MANY} and {FEW} functions, p50", *medians(results, "p50_us"), limit=SAME_LIMIT, unit="us")
    report.row(f"{what}: {MANY} and {FEW} functions, p99", *medians(results, "p99_us"), unit="us")


def guard(report):
    """What guards each request: the module's own benchmark, src/api/authorizer_bench.cc."""
    done = subprocess.run([BIN / "meridian_api_bench", "--benchmark_filter=VerifyAndAuthorize", "--benchmark_format=json",
                           f"--benchmark_repetitions={GUARD_ROUNDS}"], check=True, capture_output=True, text=True)
    rounds = [r for r in json.loads(done.stdout)["benchmarks"] if r["run_type"] == "iteration"]
    assert len(rounds) == GUARD_ROUNDS and not any(r.get("error_occurred") for r in rounds), done.stdout
    report.raw["guard"] = rounds
    nanoseconds = statistics.median(r["cpu_time"] for r in rounds)
    report.row("SigV4 and policies, warm", nanoseconds / 1e3, limit=GUARD_LIMIT_US, unit="us")


def run():
    report = Report("control")
    guard(report)
    with server() as few, server() as many:
        roles = {few: make_role(few), many: make_role(many)}
        with MiniStack() as peer:
            stored = creations(report, many, roles[many], peer)
        for meridian in (few, many):
            make_function(meridian, "noop", roles[meridian])
        few_names = [f"stored-{number:06}" for number in range(FEW - 1)]
        load(port_of(few), [create(few, roles[few], name, 0) for name in few_names], 1, "once")
        names = fill(report, many, roles[many], stored + 1)
        listing(report, many)
        read = {few: few_names, many: names[::len(names) // READ_NAMES]}
        against_few(report, "GetFunction", many, few, lambda meridian: get(meridian, read[meridian]))
        against_few(report, "warm Invoke", many, few, lambda meridian: [signed_invoke(meridian, "noop")])
    return report.finish()
