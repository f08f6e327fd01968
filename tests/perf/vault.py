"""The vault: 1,000 functions of 64 KiB with 3 versions and an alias, restored into an empty region; backups, verification,
what shared dependencies save, and what a vault costs a control write."""

import base64
import functools
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

from harness import Report, in_turns, load, make_role, medians, port_of, quantile, server, signed
from meridian_server import make_zip, wait_until

FUNCTIONS_COUNT, VERSIONS = 1_000, 3
PACKAGE_BYTES, DEPENDENCY_SETS = 64 * 1024, 10
OWN_BYTES = 4 * 1024
LOADERS = 16
CHANGES = 40
WRITE_ROUNDS, WRITES = 9, 200
HOME, OTHER = "us-east-1", "sa-east-1"

INVOCABLE_LIMIT_S, ANSWERED_LIMIT_S, BACKUP_LIMIT_S = 30, 120, 1
VERIFY_LEAST, DEDUP_LEAST, WRITE_LIMIT = 0.5, 2, 1.05
# AWS's control-plane quota and the calls that a function like these needs by hand.
QUOTA_CALLS_PER_SECOND, CALLS_BY_HAND = 15, 8

@functools.cache
def dependencies(number):
    """What functions share: bytes that do not compress, as a dependency's wheels and images do not."""
    return random.Random(number).randbytes(PACKAGE_BYTES - OWN_BYTES)


def package(number, version):
    """A function that answers, its dependencies and some code of its own."""
    return make_zip({"handler.py": f"# {number} of version {version}\ndef handler(event, context):\n    return {number}\n",
                     "own.bin": random.Random(f"{number}.{version}").randbytes(OWN_BYTES),
                     "dependencies.bin": dependencies(number % DEPENDENCY_SETS)})


def post(meridian, path, body, method="POST"):
    return signed(meridian, method, path, json.dumps(body).encode())


def fill(meridian, role):
    """Makes the functions with everything, and gives the bytes of their zips."""
    names = [f"f{n:04}" for n in range(FUNCTIONS_COUNT)]
    zips = 0

    def send(requests):
        load(port_of(meridian), requests, LOADERS, "once")
    for version in range(1, VERSIONS + 1):
        requests = []
        for number, name in enumerate(names):
            code = package(number, version)
            zips += len(code)
            encoded = base64.b64encode(code).decode()
            if version == 1:
                requests.append(post(meridian, "/2015-03-31/functions", {
                    "FunctionName": name, "Runtime": "python3.11", "Handler": "handler.handler", "Role": role,
                    "Environment": {"Variables": {"SECRET": f"of {name}"}}, "Code": {"ZipFile": encoded}}))
            else:
                requests.append(post(meridian, f"/2015-03-31/functions/{name}/code", {"ZipFile": encoded}, "PUT"))
        send(requests)
        settled(meridian, names)
        send([post(meridian, f"/2015-03-31/functions/{name}/versions", {}) for name in names])
    send([post(meridian, f"/2015-03-31/functions/{name}/aliases",
               {"Name": "live", "FunctionVersion": str(VERSIONS)}) for name in names])
    return names, zips


def settled(meridian, names, region=HOME):
    """Every function can be invoked; the API says so in pages."""
    api = meridian.client("lambda", region=region)

    def all_active():
        found = 0
        for page in api.get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                found += function.get("State", "Active") == "Active"
        return found == len(names)
    wait_until(all_active, seconds=300, every=0.2, what="every function is active")


def meridian_command(meridian, *words, region=HOME):
    done = subprocess.run([meridian.tool("meridian"), *words, "--json", "--region", region, "--data", str(meridian.data)],
                          capture_output=True, text=True, env=meridian.environment(), timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def vault_of(meridian):
    return meridian.data / HOME / "vault.git"


def head(meridian):
    """What main points to, read as cheaply as can be."""
    return (vault_of(meridian) / "refs/heads/main").read_bytes()


def restore(report, meridian, names):
    """Into an empty region of the same server, as a disaster leaves it."""
    begin = time.perf_counter()
    done = meridian_command(meridian, "restore", "--baseline", "all", "--into", OTHER)
    restored = time.perf_counter() - begin
    assert len([c for c in done["Changes"] if c["What"].startswith("create function ")]) == len(names)
    requests = [signed_in(meridian, OTHER, name, {"X-Amz-Invocation-Type": "DryRun"}) for name in names]
    dry = load(port_of(meridian), requests, LOADERS, "once")
    invocable = time.perf_counter() - begin
    requests = [signed_in(meridian, OTHER, name, {}) for name in names]
    load(port_of(meridian), requests, 4, "once")
    answered = time.perf_counter() - begin
    report.raw["restore"] = {"restored_s": restored, "dry_runs": dry, "invocable_s": invocable, "answered_s": answered}
    report.row(f"restore of {len(names)}, command", restored, unit="s")
    report.row(f"restore of {len(names)}, all invocable", invocable, limit=INVOCABLE_LIMIT_S, unit="s")
    report.row(f"restore of {len(names)}, all answered once", answered, limit=ANSWERED_LIMIT_S, unit="s")
    by_hand = len(names) * CALLS_BY_HAND / QUOTA_CALLS_PER_SECOND
    report.row("the same by AWS's quota, on paper", invocable, by_hand, invocable / by_hand, unit="s")


def signed_in(meridian, region, name, headers):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    host = meridian.endpoint.removeprefix("http://")
    path = f"/2015-03-31/functions/{name}/invocations"
    request = AWSRequest("POST", meridian.endpoint + path, data=b"{}", headers={"Host": host, **headers})
    SigV4Auth(Credentials(meridian.access_key, meridian.secret_key), "lambda", region).add_auth(request)
    head_lines = [f"POST {path} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items()), "Content-Length: 2"]
    return "\r\n".join(head_lines).encode() + b"\r\n\r\n{}"


def incremental(report, meridian, names):
    """From a change's answer until its commit is durable."""
    api = meridian.client("lambda")
    times = []
    for number in range(CHANGES):
        before = head(meridian)
        api.put_function_concurrency(FunctionName=names[number], ReservedConcurrentExecutions=0)
        begin = time.perf_counter()
        while head(meridian) == before:
            assert time.perf_counter() - begin < 30, "the vault follows"
            time.sleep(0.0002)
        times.append(time.perf_counter() - begin)
    report.raw["incremental_s"] = times
    report.row("backup after one change, p50", quantile(times, 0.5) * 1000, unit="ms")
    report.row("backup after one change, slowest", max(times) * 1000, limit=BACKUP_LIMIT_S * 1000, unit="ms")


def verification(report, meridian):
    proof = meridian_command(meridian, "backup", "verify", "--level", "hash")
    assert proof["Problems"] == [], proof["Problems"]
    begin = time.perf_counter()
    proof = meridian_command(meridian, "backup", "verify", "--level", "hash")
    seconds = time.perf_counter() - begin
    report.raw["verify"] = {"proof": proof, "seconds": seconds}
    report.row("full hash verification, one core", proof["Bytes"] / seconds / 1e9, least=VERIFY_LEAST, unit="GB/s")
    begin = time.perf_counter()
    proof = meridian_command(meridian, "backup", "verify", "--level", "restore")
    assert proof["Proven"], proof
    report.row("verification by a restore", time.perf_counter() - begin, unit="s")


def size_of(folder):
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


def dedup_and_clone(report, meridian, zips):
    size = size_of(vault_of(meridian))
    report.row("vault beside its functions' zips", size / 1e6, zips / 1e6, unit="MB")
    report.row("dedup against the zips", zips / size, least=DEDUP_LEAST, unit="x")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        begin = time.perf_counter()
        subprocess.run(["git", "clone", "-q", "--mirror", f"file://{vault_of(meridian)}", f"{folder}/copy.git"], check=True,
                       env=environment)
        seconds = time.perf_counter() - begin
    report.row("restore beside `git clone` of the same bytes", report.raw["restore"]["restored_s"], seconds,
               report.raw["restore"]["restored_s"] / seconds, unit="s")


def write_cost(report):
    """A control write of a region with a vault, beside one without."""
    def writes(meridian):
        names = [f"w{n}" for n in range(8)]
        role = make_role(meridian)
        load(port_of(meridian), [post(meridian, "/2015-03-31/functions", {
            "FunctionName": name, "Runtime": "python3.11", "Handler": "handler.handler", "Role": role,
            "Code": {"ZipFile": base64.b64encode(package(0, 1)).decode()}}) for name in names], 1, "once")
        settled(meridian, names)

        def run():
            requests = [post(meridian, f"/2017-10-31/functions/{names[n % len(names)]}/concurrency",
                             {"ReservedConcurrentExecutions": n % 7}, "PUT") for n in range(WRITES)]
            measured = load(port_of(meridian), requests, 1, "once")
            time.sleep(1)  # what follows it is not the other's cost
            return measured
        return run
    with server() as kept, server(flags=["--vault", "off"]) as bare:
        results = in_turns(WRITE_ROUNDS, {"meridian": writes(kept), "peer": writes(bare)})
    report.raw["writes"] = results
    report.row("control write, vault on and off, p50", *medians(results, "p50_us"), limit=WRITE_LIMIT, unit="us")
    report.row("control write, vault on and off, rate", *medians(results, "per_second"), unit="/s")


def run():
    report = Report("vault")
    write_cost(report)
    with server(regions=(HOME, OTHER)) as meridian:
        names, zips = fill(meridian, make_role(meridian))
        begin = time.perf_counter()
        meridian_command(meridian, "baseline", "create", "all")
        report.row("the vault catches up and a baseline is made", time.perf_counter() - begin, unit="s")
        incremental(report, meridian, names)
        restore(report, meridian, names)
        verification(report, meridian)
        dedup_and_clone(report, meridian, zips)
    return report.finish()
