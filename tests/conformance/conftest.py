"""The server under test: one that is running with two accounts (MERIDIAN_TEST_ENDPOINT, MERIDIAN_TEST_CREDENTIALS), or
one started from MERIDIAN_BIN_DIR in a directory of its own. MERIDIAN_TEST_STORE=postgres: over a PostgreSQL server
that is started, too."""

import contextlib
import dataclasses
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from meridian_server import ACCOUNT, OTHER_ACCOUNT, MeridianServer, read_credentials  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402


@dataclasses.dataclass(frozen=True)
class RunningServer:
    endpoint: str
    access_key: str
    secret_key: str
    account: str
    other_account: str
    other: tuple  # the keys of its root


@pytest.fixture(scope="session")
def server():
    endpoint = os.environ.get("MERIDIAN_TEST_ENDPOINT")
    account = os.environ.get("MERIDIAN_TEST_ACCOUNT", ACCOUNT)
    other = os.environ.get("MERIDIAN_TEST_OTHER_ACCOUNT", OTHER_ACCOUNT)
    if endpoint:
        path = os.environ["MERIDIAN_TEST_CREDENTIALS"]
        yield RunningServer(endpoint, *read_credentials(path), account, other, read_credentials(path, other))
    elif "MERIDIAN_BIN_DIR" in os.environ:
        with contextlib.ExitStack() as stack:
            flags = []
            if os.environ.get("MERIDIAN_TEST_STORE") == "postgres":
                flags = ["--store", stack.enter_context(PostgresServer()).url]
            server = stack.enter_context(MeridianServer(account=f"{account},{other}", flags=flags))
            yield RunningServer(server.endpoint, server.access_key, server.secret_key, account, other,
                                read_credentials(server.data / "credentials", other))
    else:
        pytest.skip("set MERIDIAN_TEST_ENDPOINT and MERIDIAN_TEST_CREDENTIALS, or MERIDIAN_BIN_DIR")
