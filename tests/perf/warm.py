"""A warm no-op invocation against nginx's `return 200`: the same bytes from the same load generator, in turns."""

import json
import pathlib
import subprocess
import tempfile

from harness import BIN, Nginx, Report, make_function, make_role, server, signed_invoke, spread

ROUNDS, SECONDS = 15, 0.4
P50_LIMIT, P99_LIMIT = 3.0, 4.0


def load(port, request, connections, seconds=SECONDS, warm_up=100):
    done = subprocess.run([str(BIN / "meridian-load"), str(port), request, str(connections), str(seconds), str(warm_up)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


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
        request.write_bytes(signed_invoke(meridian, "noop"))
        port = int(meridian.endpoint.rsplit(":", 1)[1])
        for connections, rounds in ((1, ROUNDS), (8, 5)):
            measures = {"meridian": lambda: load(port, request, connections),
                        "peer": lambda: load(nginx.port, request, connections)}
            in_turns(1, measures)  # the environments start here
            results = in_turns(rounds, measures)
            report.raw[f"connections_{connections}"] = results
            gated = connections == 1
            for key, limit in (("p50_us", P50_LIMIT), ("p99_us", P99_LIMIT)):
                report.row(f"{key[:3]}, {connections} connection(s), vs nginx return 200", *medians(results, key),
                           limit=limit if gated else None, unit="us")
            subject, peer, ratio = medians(results, "per_second")
            report.row(f"requests per second, {connections} connection(s)", subject, peer, ratio)
    return report.finish()
