"""The server under test: one that is running (MERIDIAN_TEST_ENDPOINT, MERIDIAN_TEST_CREDENTIALS), or one started from
MERIDIAN_BIN_DIR in a directory of its own."""

import dataclasses
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from meridian_server import ACCOUNT, MeridianServer, read_credentials  # noqa: E402


@dataclasses.dataclass(frozen=True)
class RunningServer:
    endpoint: str
    access_key: str
    secret_key: str
    account: str


@pytest.fixture(scope="session")
def server():
    endpoint = os.environ.get("MERIDIAN_TEST_ENDPOINT")
    account = os.environ.get("MERIDIAN_TEST_ACCOUNT", ACCOUNT)
    if endpoint:
        yield RunningServer(endpoint, *read_credentials(os.environ["MERIDIAN_TEST_CREDENTIALS"]), account)
    elif "MERIDIAN_BIN_DIR" in os.environ:
        with MeridianServer(account=account) as server:
            yield server
    else:
        pytest.skip("set MERIDIAN_TEST_ENDPOINT and MERIDIAN_TEST_CREDENTIALS, or MERIDIAN_BIN_DIR")
