"""A PostgreSQL server of a test's own: its files in a temporary directory, a Unix socket, no TCP port. As root it runs as
nobody, since PostgreSQL refuses root."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

NOBODY = 65534
START_SECONDS = 60


def program(name):
    """Debian keeps the server's programs out of PATH, a folder a version."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else name


class PostgresCluster:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="meridian-postgres-"))
        self.directory.chmod(0o755)  # meridiand comes to the socket as another user
        if os.geteuid() == 0:
            os.chown(self.directory, NOBODY, NOBODY)
        self.server = None
        try:
            subprocess.run(self._command("initdb", "--pgdata", self._data, "--username", "meridian", "--auth", "trust",
                                         "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
                           check=True, stdout=subprocess.DEVNULL, cwd="/")
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def _data(self):
        return str(self.directory / "data")

    @property
    def url(self):
        return f"postgres:///postgres?host={self.directory}&user=meridian"

    def _command(self, name, *arguments):
        words = ["setpriv", "--pdeathsig", "QUIT"]
        if os.geteuid() == 0:
            words += ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        return [*words, program(name), *arguments]

    def start(self):
        # max_connections is for many test servers, each with some connections a region.
        with open(self.directory / "log", "ab") as log:
            self.server = subprocess.Popen(
                self._command("postgres", "-D", self._data, "-k", str(self.directory), "-c", "listen_addresses=",
                              "-c", "shared_buffers=16MB", "-c", "max_connections=60"),
                stdout=log, stderr=log, cwd="/")
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not start:\n" + (self.directory / "log").read_text()[-4000:])
            time.sleep(0.05)

    def _answers(self):
        return subprocess.run([program("pg_isready"), "-q", "-h", str(self.directory)]).returncode == 0

    def close(self):
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGQUIT)
            self.server.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
