"""What the benchmarks share: servers to measure, one signed request as bytes, statistics, the table and the raw data."""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))

from meridian_server import FUNCTIONS, LAMBDA_TRUST, MeridianServer, wait_until  # noqa: E402

BIN = pathlib.Path(os.environ.get("MERIDIAN_BIN_DIR", ROOT / "build/release/bin"))
PEERS = pathlib.Path(os.environ.get("MERIDIAN_BENCH_PEERS", "/var/cache/meridian/test/peers"))
RESULTS = ROOT / "build/bench"
REGION = "us-east-1"


# Meridian

def favour(pid):
    """Makes other work on the machine weigh less than this process, where we may. nginx and runc get the same: they are in
    this session, and inherit."""
    try:
        os.setpriority(os.PRIO_PROCESS, pid, -20)
    except OSError:
        pass
    # A session may be scheduled as a group: then nice counts only inside of it.
    set_autogroup_nice(pid, -20)


def autogroup_nice(pid):
    """Of the process's whole session; nothing where sessions are not scheduled as groups."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/autogroup").read_text().split(" nice ")[1])
    except (OSError, IndexError):
        return None


def set_autogroup_nice(pid, nice):
    try:
        if nice is not None:
            pathlib.Path(f"/proc/{pid}/autogroup").write_text(str(nice))
    except OSError:
        pass


class FavouredServer(MeridianServer):
    def start(self):
        super().start()
        favour(self.jailer_pid)  # a session of its own
        # A function is in a control group, where nice says nothing; the groups' parent gets the weight of nice -20.
        for where, weight in (("cpu/meridian-jailer-{}/cpu.shares", 88761), ("meridian-jailer-{}/cpu.weight", 10000)):
            path = pathlib.Path("/sys/fs/cgroup", where.format(self.jailer_pid))
            if path.exists():
                path.write_text(str(weight))
        return self


def server(**settings):
    return FavouredServer(bin_dir=BIN, **{"regions": (REGION,), **settings})


def make_role(meridian):
    role = meridian.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=LAMBDA_TRUST)
    return role["Role"]["Arn"]


def make_function(meridian, name, role, **settings):
    """The no-op: a static program that answers each event with itself."""
    api = meridian.client("lambda")
    api.create_function(FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Role=role,
                        Code={"ZipFile": (FUNCTIONS / "cpp.zip").read_bytes()}, **{"MemorySize": 512, **settings})
    api.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    return api


def signed(meridian, method, path, body=b""):
    """The bytes of a request to Lambda as botocore signs it. Good for five minutes."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    host = meridian.endpoint.removeprefix("http://")
    request = AWSRequest(method, meridian.endpoint + path, data=body,
                         headers={"Host": host, "Content-Type": "application/octet-stream",
                                  "User-Agent": "Boto3/1.34 md/Botocore#1.34 ua/2.0 os/linux lang/python#3.11"})
    SigV4Auth(Credentials(meridian.access_key, meridian.secret_key), "lambda", REGION).add_auth(request)
    head = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items()),
            f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def signed_invoke(meridian, name):
    return signed(meridian, "POST", f"/2015-03-31/functions/{name}/invocations", b"{}")


def port_of(meridian):
    return int(meridian.endpoint.rsplit(":", 1)[1])


# Load

CPUS = sorted(os.sched_getaffinity(0))
# Name → (the load generator's CPUs, the servers').
PLACEMENTS = {"apart": ({CPUS[0]}, {CPUS[-1]}), "one": ({CPUS[-1]}, {CPUS[-1]}), "free": (set(CPUS), set(CPUS))}


def load(port, requests, connections, *how, cpus=frozenset(CPUS)):
    """What meridian-load measured of `requests`, a list of bytes; `how` is (seconds, requests to warm up) or "once"."""
    with tempfile.NamedTemporaryFile(prefix="meridian-bench-") as file:
        file.writelines(requests)
        file.flush()
        done = subprocess.run([str(BIN / "meridian-load"), str(port), file.name, str(connections), *map(str, how)],
                              capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def place(cpus, *processes):
    for pid in processes:
        for thread in all_threads(pid):
            os.sched_setaffinity(thread, cpus)


def in_turns(rounds, measures):
    """{name: [result of each round]} of `measures`, {name: callable}; the order turns round every time."""
    results = {name: [] for name in measures}
    for number in range(rounds):
        for name in sorted(measures, reverse=number % 2 == 1):
            results[name].append(measures[name]())
    return results


def medians(results, key):
    """Median of the subject, of the peer, and of the rounds' own ratios: a busy moment hits both sides of a round."""
    subject, peer = ([r[key] for r in results[name]] for name in ("meridian", "peer"))
    return spread(subject)["median"], spread(peer)["median"], spread([s / p for s, p in zip(subject, peer)])["median"]


# Peers

class Nginx:
    """nginx that answers every request with 200 from its configuration, in one worker."""

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="meridian-nginx-")
        folder = pathlib.Path(self._directory.name)
        folder.chmod(0o755)
        self.port = free_port()
        (folder / "nginx.conf").write_text(f"""
            daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
            events {{ worker_connections 256; }}
            http {{
              access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; client_body_temp_path {folder}/body;
              server {{ listen 127.0.0.1:{self.port}; location / {{ return 200 "{{}}"; }} }}
            }}""")
        # As an ordinary user would: the paths it was built with are not its to write to.
        self._process = subprocess.Popen(["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c",
                                          f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
        self.pid = self._process.pid
        wait_until(lambda: answers(self.port), what="nginx")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._directory.cleanup()


class MiniStack:
    """The emulator MiniStack (PyPI), which keeps functions in memory and checks no signature."""

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="meridian-ministack-")
        self.port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment.update(GATEWAY_PORT=str(self.port), BIND_HOST="127.0.0.1", SERVICES="lambda", LOG_LEVEL="ERROR",
                           TMPDIR=self._directory.name)
        self._process = subprocess.Popen([PEERS / "bin/ministack"], env=environment, cwd=self._directory.name,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self._process.pid
        wait_until(lambda: answers(self.port), seconds=60, what="MiniStack")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._directory.cleanup()


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    import socket
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def all_threads(pid):
    try:
        return [int(thread) for thread in os.listdir(f"/proc/{pid}/task")]
    except FileNotFoundError:
        return []


# Figures

def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def spread(values):
    """A series in five numbers."""
    return {"median": statistics.median(values), "p25": quantile(values, 0.25), "p75": quantile(values, 0.75),
            "min": min(values), "max": max(values)}


class Report:
    """The lines of a benchmark's table and its raw data. A gate is `value <= limit`, or `value >= least`."""

    def __init__(self, name):
        self.name, self.rows, self.raw, self.failed = name, [], {}, False
        self._begin = (time.time(), os.getloadavg()[0])

    def row(self, what, subject, peer="", ratio=None, limit=None, least=None, unit=""):
        verdict = ""
        if limit is not None or least is not None:
            value = subject if ratio is None else ratio
            good = value <= limit if limit is not None else value >= least
            verdict = "PASS" if good else "FAIL"
            self.failed = self.failed or not good
        self.rows.append({"what": what, "subject": subject, "peer": peer, "ratio": ratio, "limit": limit, "least": least,
                          "unit": unit, "verdict": verdict})

    def finish(self):
        began, load = self._begin
        print(f"\n{self.name}  (load {load:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end)")
        print(f"  {'':<46}{'Meridian':>12}{'peer':>12}{'ratio':>8}{'gate':>8}")
        for row in self.rows:
            gate = next((f"{sign}{row[name]:g}{'x' if row['ratio'] is not None else ''}"
                         for name, sign in (("limit", ""), ("least", ">=")) if row[name] is not None), "")
            print(f"  {row['what'] + (' [' + row['unit'] + ']' if row['unit'] else ''):<46}{shown(row['subject']):>12}"
                  f"{shown(row['peer']):>12}{shown(row['ratio']):>8}{gate:>8}  {row['verdict']}")
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{self.name}.json").write_text(json.dumps(
            {"benchmark": self.name, "commit": commit(), "machine": machine(), "began": began,
             "seconds": time.time() - began, "load_begin": load, "load_end": os.getloadavg()[0], "rows": self.rows,
             "raw": self.raw}, indent=1) + "\n")
        return not self.failed


def shown(value):
    if value is None or value == "":
        return ""
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True).stdout.strip()
    return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")


def machine():
    cpu = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    memory = next(int(line.split()[1]) // 1024 for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    return {"cpus": len(cpu), "model": cpu[0] if cpu else platform.machine(), "memory_mib": memory,
            "kernel": platform.release()}
