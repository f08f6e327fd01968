"""What a profile of meridiand is trained on: durable creations from one caller and from many, reads, lists, warm
invocations; the shares are those that its benchmarks measure. For tools/update-profile."""

from control import create, get, settle
from harness import load, make_function, make_role, port_of, server, signed, signed_invoke

CREATED = {1: 1_000, 8: 3_000, 64: 16_000}  # connections → functions
SECONDS = 5


def train():
    with server() as meridian:
        role = make_role(meridian)
        names = []
        for connections, count in CREATED.items():
            new = [f"made-{len(names) + n}" for n in range(count)]
            load(port_of(meridian), [create(meridian, role, name, name) for name in new], connections, "once")
            names += new
        make_function(meridian, "noop", role)
        for requests in (get(meridian, names[::10]), [signed(meridian, "GET", "/2015-03-31/functions/")],
                         [signed_invoke(meridian, "noop")]):
            for connections in (1, 8):
                load(port_of(meridian), requests, connections, SECONDS, 0)
        settle(meridian.meridiand_pid)


if __name__ == "__main__":
    train()
