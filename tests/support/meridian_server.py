"""A Meridian of a test's own: started from MERIDIAN_BIN_DIR on a free port, stopped, killed, started again on the same
data. What belongs to it (processes, control groups) is found by its data directory, so tests can run side by side."""

import configparser
import io
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile

TESTS = pathlib.Path(__file__).resolve().parent.parent
CACHE = (pathlib.Path("/var/cache/meridian") if os.geteuid() == 0
         else pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "meridian")
RUNTIMES = pathlib.Path(os.environ.get("MERIDIAN_RUNTIMES", CACHE / "runtimes"))
FUNCTIONS = pathlib.Path(os.environ.get("MERIDIAN_TEST_FUNCTIONS", CACHE / "test/functions"))
READY_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 30
ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
LAMBDA_TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def make_zip(files):
    """A package of {name: text or bytes}; the same bytes for the same files, on any day."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name == "bootstrap" else 0o100644) << 16
            archive.writestr(entry, content)
    return out.getvalue()


def has_runtime(name):
    return (RUNTIMES / name / "manifest.json").exists()


def wait_until(condition, *, seconds=10, every=0.02, what="the condition"):
    """Returns the condition's first true value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        time.sleep(every)


def read_credentials(path, profile=None):
    profiles = configparser.ConfigParser()
    profiles.read(path)
    section = profile or os.environ.get("AWS_PROFILE") or profiles.sections()[0]
    return profiles[section]["aws_access_key_id"], profiles[section]["aws_secret_access_key"]


def processes():
    """{pid: (parent, state, command line)} of everything this user can see."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
            command = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended
        found[int(entry)] = (int(stat[1]), stat[0], command)
    return found


def environment_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


class MeridianServer:
    """`directory` is this server's own and is removed by close(). `user` is (uid, gid) of an ordinary user to run as."""

    js = TESTS / "js"

    def __init__(self, *, flags=(), regions=("us-east-1", "sa-east-1"), account=ACCOUNT, user=None, bin_dir=None,
                 directory=None, environment=None):
        self.bin_dir = pathlib.Path(bin_dir or os.environ["MERIDIAN_BIN_DIR"]).resolve()
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="meridian-test-"))
        self.data = self.directory / "data"
        self.flags, self.regions, self.account, self.user = list(flags), list(regions), account, user
        self.own_environment = environment or {}
        self.process = None
        self.endpoint = self.access_key = self.secret_key = None
        self.recovery_key = None  # which only the first start shows
        self._groups = []
        self._made = time.time()
        if user:
            self.data.mkdir()
            os.chown(self.data, *user)
            self.directory.chmod(0o755)
            # The build tree may lie where an ordinary user has no way to.
            programs = self.directory / "bin"
            programs.mkdir()
            for name in ("meridian", "meridiand", "meridian-jailer"):
                shutil.copy2(self.bin_dir / name, programs / name)
            self.bin_dir = programs

    # Life

    def command(self):
        words = [str(self.bin_dir / "meridian"), "up", "--data", str(self.data), *self.flags]
        for name, value in (("--port", "0"), ("--regions", ",".join(self.regions)), ("--account", self.account),
                            ("--runtimes", str(RUNTIMES))):
            if name not in self.flags:
                words += [name, value]
        if self.user:
            uid, gid = map(str, self.user)
            words = ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "--", *words]
        return words

    def start(self):
        self.launch()
        return self.wait_until_ready()

    def launch(self):
        """Starts it and does not wait."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment.update(self.own_environment)
        if self.user:
            environment.update(HOME=str(self.data), TMPDIR="/tmp")
        with open(self.directory / "stderr", "ab") as errors:
            self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=errors, env=environment,
                                            start_new_session=True)
        self._groups.append(f"meridian-jailer-{self.process.pid}")

    def wait_until_ready(self):
        ready = self._read_ready_line()
        self.endpoint = ready["endpoint"]
        self.ready = ready
        self.access_key, self.secret_key = read_credentials(self.data / "credentials")
        return self

    def _read_ready_line(self):
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        printed = b""
        while time.monotonic() < deadline:
            readable, _, _ = select.select([self.process.stdout], [], [], 1)
            if not readable:
                continue
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                break
            printed += piece
            for line in printed.split(b"\n")[:-1]:
                if line.startswith(b"Recovery key: "):
                    self.recovery_key = line.removeprefix(b"Recovery key: ").decode()
                if line.startswith(b"{"):
                    return json.loads(line)
        self._reap()
        raise RuntimeError(f"meridian did not become ready; it printed:\n{printed.decode(errors='replace')}\n"
                           f"stderr:\n{self.errors()[-4000:]}")

    def _reap(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=STOP_TIMEOUT_SECONDS):
        """The exit status of a server that was told to stop."""
        status = self.process.wait(seconds)
        self.process.stdout.close()
        self.process = None
        return status

    def stop(self):
        """SIGTERM. Returns the exit status."""
        self.terminate()
        return self.wait()

    def restart(self):
        if self.process is not None:
            self.stop()
        return self.start()

    def kill9(self, *, jailer=False, clients=()):
        """Kills meridiand, or the jailer, then these command lines of its, and waits until nothing is left of any."""
        os.kill(self.jailer_pid if jailer else self.meridiand_pid, signal.SIGKILL)
        for client in clients:
            client.kill()
            client.communicate()
        self.process.wait(STOP_TIMEOUT_SECONDS)
        self.process.stdout.close()
        self.process = None
        wait_until(lambda: not self.own_processes(), seconds=20, what="the end of everything after a kill -9")

    def close(self):
        if self.process is not None:
            self.terminate()
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self._reap()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, *_):
        self.close()

    # What belongs to it

    @property
    def jailer_pid(self):
        return self.process.pid  # `meridian up` becomes the jailer

    @property
    def meridiand_pid(self):
        for pid, (parent, _, command) in processes().items():
            if parent == self.jailer_pid and command.split(" ")[0].endswith("/meridiand"):
                return pid
        raise RuntimeError("there is no meridiand")

    def own_processes(self):
        """{pid: command line} of the jailer, meridiand and all sandboxes, living or dead as zombies."""
        everything = processes()
        name = str(self.data)
        mine = {pid for pid, (_, _, command) in everything.items() if name in command and "meridian" in command}
        if self.process is not None:
            mine.add(self.process.pid)
        growing = True
        while growing:
            more = {pid for pid, (parent, _, _) in everything.items() if parent in mine} - mine
            mine |= more
            growing = bool(more)
        return {pid: everything[pid][2] for pid in mine if pid in everything and pid != os.getpid()}

    def sandboxed(self, marker=""):
        """The processes that run in sandboxes now, inits apart; `marker` is text in their environment."""
        return [pid for pid, command in self.own_processes().items()
                if command and str(self.data) not in command and marker.encode() in environment_of(pid)]

    def left_groups(self):
        """Control groups of this server's jailers that still stand, the running one's apart."""
        ended = self._groups if self.process is None else self._groups[:-1]
        return [directory for directory, _, _ in os.walk("/sys/fs/cgroup")
                if os.path.basename(directory) in ended and self._is_of_this_server(directory)]

    def _is_of_this_server(self, directory):
        """Not of a process long ago, elsewhere on the machine, that had the same number."""
        try:
            return os.stat(directory).st_mtime >= self._made
        except FileNotFoundError:
            return False

    def errors(self):
        """What it has written to stderr since its first start."""
        return (self.directory / "stderr").read_text(errors="replace")

    # What clients need

    def environment(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment.update(AWS_ENDPOINT_URL=self.endpoint, AWS_CONFIG_FILE=str(self.data / "config"),
                           AWS_SHARED_CREDENTIALS_FILE=str(self.data / "credentials"), AWS_REGION="us-east-1",
                           AWS_EC2_METADATA_DISABLED="true", AWS_PAGER="")
        environment.setdefault("NODE_PATH", str(CACHE / "test/js/node_modules"))
        return environment

    def client(self, service, region="us-east-1", **settings):
        import boto3  # the conformance tests do without
        from botocore.config import Config
        return boto3.client(service, region_name=region, endpoint_url=self.endpoint, aws_access_key_id=self.access_key,
                            aws_secret_access_key=self.secret_key,
                            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=120,
                                          max_pool_connections=64, **settings))

    def tool(self, name):
        """One of ours (meridian), or a program of the tests' virtual environment."""
        for directory in (self.bin_dir, CACHE / "test/venv/bin"):
            if (directory / name).exists():
                return str(directory / name)
        found = shutil.which(name)
        assert found, f"{name} is not installed: script/test --prepare"
        return found
