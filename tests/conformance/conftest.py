"""The server under test: one that is running (MERIDIAN_TEST_ENDPOINT, MERIDIAN_TEST_CREDENTIALS), or one started from
MERIDIAN_BIN_DIR in a directory of its own."""

import configparser
import dataclasses
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time

import pytest

READY_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Server:
    endpoint: str
    access_key: str
    secret_key: str
    account: str


def read_credentials(path):
    profiles = configparser.ConfigParser()
    profiles.read(path)
    section = os.environ.get("AWS_PROFILE") or profiles.sections()[0]
    return profiles[section]["aws_access_key_id"], profiles[section]["aws_secret_access_key"]


def wait_until_ready(process):
    """The ready line's object: the last line that `meridian up` prints."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    buffer = b""
    while time.monotonic() < deadline:
        readable, _, _ = select.select([process.stdout], [], [], 1)
        if not readable:
            if process.poll() is not None:
                break
            continue
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            break
        buffer += piece
        for line in buffer.split(b"\n")[:-1]:
            if line.startswith(b"{"):
                message = json.loads(line)
                if message.get("ready"):
                    return message
    raise RuntimeError("meridian did not become ready; it printed:\n" + buffer.decode(errors="replace"))


@pytest.fixture(scope="session")
def server():
    endpoint = os.environ.get("MERIDIAN_TEST_ENDPOINT")
    account = os.environ.get("MERIDIAN_TEST_ACCOUNT", "123456789012")
    if endpoint:
        yield Server(endpoint, *read_credentials(os.environ["MERIDIAN_TEST_CREDENTIALS"]), account)
        return
    bin_dir = os.environ.get("MERIDIAN_BIN_DIR")
    if not bin_dir:
        pytest.skip("set MERIDIAN_TEST_ENDPOINT and MERIDIAN_TEST_CREDENTIALS, or MERIDIAN_BIN_DIR")
    with tempfile.TemporaryDirectory(prefix="meridian-conformance-") as directory:
        data = pathlib.Path(directory) / "data"
        command = [str(pathlib.Path(bin_dir) / "meridian"), "up", "--data", str(data), "--port", "0",
                   "--regions", "us-east-1,sa-east-1", "--account", account]
        with open(pathlib.Path(directory) / "stderr", "w+b") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
            try:
                ready = wait_until_ready(process)
                yield Server(ready["endpoint"], *read_credentials(data / "credentials"), account)
            except RuntimeError as error:
                errors.seek(0)
                raise RuntimeError(f"{error}\nstderr:\n{errors.read().decode(errors='replace')}") from None
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(STOP_TIMEOUT_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                process.stdout.close()
