"""A server whose state is in PostgreSQL: what stays, what happens while the database is away, and who is refused."""

import subprocess

import pytest

from conftest import Functions
from meridian_server import MeridianServer, wait_until
from postgres_server import PostgresServer


@pytest.fixture
def cluster():
    with PostgresServer() as cluster:
        yield cluster


def refused(server):
    """What a server says that does not start."""
    with pytest.raises(RuntimeError):
        server.start()
    return server.errors()


def test_everything_stays_and_is_nowhere_else(start_server, cluster):
    server = start_server(flags=["--store", cluster.url])
    Functions(server)("cpp", name="stays", Description="before the stop")
    server.restart()
    found = server.client("lambda").get_function_configuration(FunctionName="stays")
    assert found["Description"] == "before the stop"
    assert not list(server.data.rglob("meridian.db"))
    server.stop()
    # Without --store the region would look empty.
    server.flags = []
    assert "PostgreSQL" in refused(server)


def test_a_folder_with_a_database_is_not_forgotten(start_server, cluster):
    server = start_server()
    server.stop()
    server.flags = ["--store", cluster.url]
    assert "meridian.db" in refused(server)


def test_two_servers_never_share_a_region(start_server, cluster):
    start_server(flags=["--store", cluster.url])
    second = MeridianServer(flags=["--store", cluster.url])
    try:
        assert "Another meridiand uses the schema meridian_us-east-1" in refused(second)
    finally:
        second.close()


def test_invocations_go_on_while_the_database_is_killed_and_started_again(start_server, cluster):
    server = start_server(flags=["--store", cluster.url])
    functions = Functions(server)
    function = functions("cpp", name="works")
    assert function.invoke({"do": "echo"}).status == 200
    cluster.kill9()
    assert function.invoke({"do": "echo"}).status == 200
    wait_until(lambda: started(cluster), seconds=60, every=0.2, what="the server's start")
    # A write waits for the database, and is kept.
    function.api.update_function_configuration(FunctionName="works", Description="after the crash")
    server.restart()
    found = server.client("lambda").get_function_configuration(FunctionName="works")
    assert found["Description"] == "after the crash"


def started(cluster):
    """After a crash the old server's children may still hold its memory."""
    try:
        cluster.start()
        return True
    except subprocess.CalledProcessError:
        return False
