"""A PostgreSQL server of the tests' own: a cluster in a temporary directory, on a free port of the loopback address. It runs
as the user postgres, since it refuses root."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile


class PostgresServer:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="meridian-postgres-"))
        self.programs = max(pathlib.Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name)) / "bin"
        self.user = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
            self.user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._run("initdb", "-D", str(self.directory / "data"), "-A", "trust", "-U", "meridian", "-N", "-E", "UTF8",
                  "--locale=C")
        self.start()

    def start(self):
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-w", "-l", str(self.directory / "log"),
                  "-o", f"-p {self.port} -k {self.directory} -c listen_addresses=127.0.0.1", "start")

    def kill9(self):
        """As a crash. Its children end by themselves; until then start() fails."""
        os.kill(int((self.directory / "data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    @property
    def url(self):
        return f"postgres://meridian@127.0.0.1:{self.port}/postgres"

    def close(self):
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, program, *arguments):
        subprocess.run([*self.user, str(self.programs / program), *arguments], check=True, cwd=self.directory,
                       stdout=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
