"""A stop ends, whatever hangs."""

import os
import signal
import threading
import time

import pytest

from conftest import Functions
from meridian_server import processes, wait_until


def test_a_stop_that_hangs_is_cut_short(start_server):
    server = start_server(flags=["--stop-timeout", "2"])
    function = Functions(server)("cpp")
    jailer, meridiand = server.jailer_pid, server.meridiand_pid
    os.kill(jailer, signal.SIGSTOP)  # nobody makes the environment that the invocation needs
    try:
        invocation = threading.Thread(target=lambda: pytest.raises(Exception, function.invoke, {}))
        invocation.start()
        time.sleep(0.3)
        os.kill(meridiand, signal.SIGTERM)
        wait_until(lambda: processes().get(meridiand, (0, "Z"))[1] == "Z", seconds=20, what="meridiand's end")
    finally:
        os.kill(jailer, signal.SIGCONT)
        invocation.join()
    assert server.wait() != 0
    assert "cut short" in server.errors()
    wait_until(lambda: not server.own_processes(), what="the end of the sandboxes")
    server.start()
    assert server.client("lambda").list_functions()["Functions"]


def test_an_ordinary_stop_says_nothing(start_server):
    server = start_server(flags=["--stop-timeout", "2"])
    functions = Functions(server)
    functions("cpp").invoke({})
    assert server.stop() == 0
    assert "cut short" not in server.errors()


@pytest.mark.parametrize("times", range(3))
def test_a_jailer_that_is_killed_takes_everything_along(start_server, times):
    server = start_server()
    functions = Functions(server)
    functions("cpp").invoke({})
    server.kill9(jailer=True)
