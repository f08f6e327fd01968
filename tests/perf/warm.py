"""A warm no-op invocation against nginx's `return 200`: the same bytes from the same load generator, in turns.

Where the processes run decides more than what they do: a wake-up on another CPU can cost more than the whole work. So each
figure names its placement, the same for both sides:
  apart  the load generator has one CPU, all that serves another: a client elsewhere. The gates are on this one.
  one    everything shares one CPU: what it costs in work.
  free   the kernel decides, which it does differently from one second to the next."""

from harness import (PLACEMENTS, Nginx, Report, in_turns, load, make_function, make_role, medians, place, port_of, server,
                     signed_invoke)

ROUNDS, SECONDS, SIDE_ROUNDS, WARM_UP = 15, 0.4, 5, 100
P50_LIMIT, P99_LIMIT = 3.0, 4.0


def run():
    report = Report("warm")
    with server() as meridian, Nginx() as nginx:
        make_function(meridian, "noop", make_role(meridian))

        def measure(placement, connections, rounds):
            clients, servers = PLACEMENTS[placement]
            request = [signed_invoke(meridian, "noop")]
            measures = {name: lambda port=port: load(port, request, connections, SECONDS, WARM_UP, cpus=clients)
                        for name, port in (("meridian", port_of(meridian)), ("peer", nginx.port))}
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
