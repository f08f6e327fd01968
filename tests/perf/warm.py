"""A warm no-op invocation against nginx's `return 200`: the same bytes from the same load generator, in turns.

Where the processes run decides more than what they do: a wake-up on another CPU can cost more than the whole work. So each
figure names its placement, the same for both sides:
  apart  the load generator has one CPU, all that serves another: a client elsewhere. The gates are on this one.
  one    everything shares one CPU: what it costs in work.
  free   the kernel decides, which it does differently from one second to the next."""

import json
import os
import pathlib
import subprocess
import tempfile

from harness import BIN, Nginx, Report, all_threads, make_function, make_role, server, signed_invoke, spread

ROUNDS, SECONDS, SIDE_ROUNDS = 15, 0.4, 5
P50_LIMIT, P99_LIMIT = 3.0, 4.0
CPUS = sorted(os.sched_getaffinity(0))
# Name → (the load generator's CPUs, the servers').
PLACEMENTS = {"apart": ({CPUS[0]}, {CPUS[-1]}), "one": ({CPUS[-1]}, {CPUS[-1]}), "free": (set(CPUS), set(CPUS))}


def load(port, request, connections, cpus):
    done = subprocess.run([str(BIN / "meridian-load"), str(port), request, str(connections), str(SECONDS), "100"],
                          capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def place(cpus, *processes):
    for pid in processes:
        for thread in all_threads(pid):
            os.sched_setaffinity(thread, cpus)


def in_turns(rounds, measures):
    """{name: [result of each round]} of `measures`, {name: callable}; the order turns round every time."""
    results = {name: [] for name in measures}
    for number in range(rounds):
        for name in sorted(measures, reverse=number % 2 == 1):
            results[name].append(measures[name]())
    return results


def medians(results, key):
    """Median of the subject, of the peer, and of the rounds' own ratios: a busy moment hits both sides of a round."""
    subject, peer = ([r[key] for r in results[name]] for name in ("meridian", "peer"))
    return spread(subject)["median"], spread(peer)["median"], spread([s / p for s, p in zip(subject, peer)])["median"]


def run():
    report = Report("warm")
    with server() as meridian, Nginx() as nginx, tempfile.TemporaryDirectory(prefix="meridian-bench-") as folder:
        make_function(meridian, "noop", make_role(meridian))
        request = pathlib.Path(folder) / "request"
        port = int(meridian.endpoint.rsplit(":", 1)[1])

        def measure(placement, connections, rounds):
            clients, servers = PLACEMENTS[placement]
            request.write_bytes(signed_invoke(meridian, "noop"))
            measures = {"meridian": lambda: load(port, request, connections, clients),
                        "peer": lambda: load(nginx.port, request, connections, clients)}
            in_turns(1, measures)  # environments start here, and are placed with the rest
            place(servers, nginx.pid, *meridian.own_processes())
            results = in_turns(rounds, measures)
            report.raw[f"{placement}_{connections}"] = results
            return results

        results = measure("apart", 1, ROUNDS)
        for key, limit in (("p50_us", P50_LIMIT), ("p99_us", P99_LIMIT)):
            report.row(f"apart, 1 connection, {key[:3]}", *medians(results, key), limit=limit, unit="us")
        for placement, connections in (("apart", 8), ("one", 1), ("free", 1), ("free", 8)):
            results = measure(placement, connections, SIDE_ROUNDS)
            name = f"{placement}, {connections} connection{'s' if connections > 1 else ''}"
            for key in ("p50_us", "p99_us"):
                report.row(f"{name}, {key[:3]}", *medians(results, key), unit="us")
            report.row(f"{name}, throughput", *medians(results, "per_second"), unit="/s")
    return report.finish()
