"""The vault: 1,000 functions of 64 KiB with 3 versions and an alias, restored into an empty region; backups, verification,
what shared dependencies save, and what a vault costs a control write. And deploys: a template to several regions."""

import base64
import functools
import http.client
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
DEPLOY_REGIONS, DEPLOY_FUNCTIONS = (HOME, OTHER, "eu-west-1"), 20

INVOCABLE_LIMIT_S, ANSWERED_LIMIT_S, BACKUP_LIMIT_S, RPO_LIMIT_S = 30, 120, 1, 60
VERIFY_LEAST, DEDUP_LEAST, WRITE_LIMIT = 0.5, 2, 1.05
DEPLOY_LIMIT_S = 10
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
        settled(meridian, names)  # a change in progress refuses the next one
        send([post(meridian, f"/2015-03-31/functions/{name}/versions", {}) for name in names])
    send([post(meridian, f"/2015-03-31/functions/{name}/aliases",
               {"Name": "live", "FunctionVersion": str(VERSIONS)}) for name in names])
    return names, zips


def settled(meridian, names, region=HOME):
    """No change of these functions is in progress, which only each one's own configuration tells."""
    api = meridian.client("lambda", region=region)

    def at_rest(name):
        function = api.get_function_configuration(FunctionName=name)
        return function["State"] == "Active" and function["LastUpdateStatus"] == "Successful"
    for name in names:
        wait_until(lambda: at_rest(name), seconds=300, what=f"{name} is at rest")


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


class Asker:
    """Meridian's own API over one connection."""

    def __init__(self, meridian):
        self._meridian = meridian
        self._connection = http.client.HTTPConnection("127.0.0.1", port_of(meridian), timeout=60)

    def ask(self, method, path, body=b""):
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        request = AWSRequest(method, self._meridian.endpoint + path, data=body,
                             headers={"Host": self._meridian.endpoint.removeprefix("http://")})
        SigV4Auth(Credentials(self._meridian.access_key, self._meridian.secret_key), "meridian", HOME).add_auth(request)
        self._connection.request(method, path, body, dict(request.headers.items()))
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)

    def back_up(self):
        job = self.ask("POST", "/meridian/v1/backups", b"{}")
        while job["State"] == "Running":
            job = self.ask("GET", f"/meridian/v1/vault/jobs/{job['Id']}?wait=5")
        assert job["State"] == "Succeeded", job


def incremental(report, meridian, names):
    """From a change's answer until its commit is durable, unasked and asked."""
    api = meridian.client("lambda")
    times, asked = [], []
    for number in range(CHANGES):
        before = head(meridian)
        api.put_function_concurrency(FunctionName=names[number], ReservedConcurrentExecutions=0)
        begin = time.perf_counter()
        while head(meridian) == before:
            assert time.perf_counter() - begin < 30, "the vault follows"
            time.sleep(0.0002)
        times.append(time.perf_counter() - begin)
    asker = Asker(meridian)
    asker.back_up()  # the first one reads every record
    for number in range(CHANGES):
        api.put_function_concurrency(FunctionName=names[number], ReservedConcurrentExecutions=number % 2)
        begin = time.perf_counter()
        asker.back_up()
        asked.append(time.perf_counter() - begin)
    report.raw["incremental_s"] = {"unasked": times, "asked": asked}
    report.row("RPO: a change until the vault has it, slowest", max(times), limit=RPO_LIMIT_S, unit="s")
    report.row("the same, p50", quantile(times, 0.5) * 1000, unit="ms")
    report.row("backup asked for after one change, slowest", max(asked) * 1000, limit=BACKUP_LIMIT_S * 1000, unit="ms")
    report.row("the same, p50", quantile(asked, 0.5) * 1000, unit="ms")


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


def dedup_and_clone(report, meridian, zips, copy):
    size = size_of(vault_of(meridian))
    report.row("vault beside its functions' zips", size / 1e6, zips / 1e6, unit="MB")
    report.row("dedup against the zips", zips / size, least=DEDUP_LEAST, unit="x")
    # The vault is another user's, who is no danger here; git asks for that in a file.
    settings = copy.with_name("gitconfig")
    settings.write_text("[safe]\n\tdirectory = *\n")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": str(settings)}
    begin = time.perf_counter()
    subprocess.run(["git", "clone", "-q", "--mirror", f"file://{vault_of(meridian)}", copy], check=True, env=environment)
    seconds = time.perf_counter() - begin
    subprocess.run(["chmod", "-R", "a+rX", copy.parent], check=True)  # who reads it is another user
    report.row("restore beside `git clone` of the same bytes", report.raw["restore"]["restored_s"], seconds,
               report.raw["restore"]["restored_s"] / seconds, unit="s")


def amnesia(report, copy, recovery_key, names):
    """Nothing is left but a copy of the vault and the recovery key: into a server that has never been."""
    key = copy.with_name("recovery")
    key.write_text(recovery_key + "\n")
    with server(regions=(HOME,)) as bare:
        begin = time.perf_counter()
        done = meridian_command(bare, "restore", "--vault", str(copy), "--baseline", "all", "--recovery-key-file", str(key))
        report.row(f"total amnesia: {len(names)} from a copy and the key, command", time.perf_counter() - begin, unit="s")
        assert done["Warnings"] == [] and done["NotReady"] == [], done["Warnings"]
        told = bare.client("lambda").get_function_configuration(FunctionName=names[-1])
        assert told["State"] == "Active" and told["Environment"]["Variables"] == {"SECRET": f"of {names[-1]}"}, told


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


def write_template(folder, version):
    """Functions with code of their own, a role each and an alias that new code is published for."""
    functions = {}
    for number in range(DEPLOY_FUNCTIONS):
        code = folder / f"f{number:02}"
        code.mkdir(parents=True, exist_ok=True)
        (code / "handler.py").write_text(f"def handler(event, context):\n    return '{number} of version {version}'\n")
        (code / "dependencies.bin").write_bytes(dependencies(number % DEPENDENCY_SETS))
        functions[f"F{number:02}"] = {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Runtime": "python3.11", "Handler": "handler.handler", "CodeUri": code.name, "AutoPublishAlias": "live",
                           "Environment": {"Variables": {"NUMBER": str(number)}}}}
    (folder / "template.yaml").write_text(json.dumps(
        {"AWSTemplateFormatVersion": "2010-09-09", "Transform": "AWS::Serverless-2016-10-31", "Resources": functions}))


def deploys(report):
    """From the command's start to its end, without a bake: a new stack, new code for all of it, and nothing to do."""
    with server(regions=DEPLOY_REGIONS) as meridian, tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def deploy():
            begin = time.perf_counter()
            done = subprocess.run([meridian.tool("meridian"), "deploy", folder, "--stack", "bench", "--yes", "--regions",
                                   ",".join(DEPLOY_REGIONS), "--data", str(meridian.data)],
                                  capture_output=True, text=True, env=meridian.environment(), timeout=600)
            assert done.returncode == 0, done.stdout + done.stderr
            return time.perf_counter() - begin

        def answers(version):
            for region in DEPLOY_REGIONS:
                api = meridian.client("lambda", region=region)
                found = [f["FunctionName"] for page in api.get_paginator("list_functions").paginate() for f in page["Functions"]]
                assert len(found) == DEPLOY_FUNCTIONS, found
                told = {api.invoke(FunctionName=f, Qualifier="live")["Payload"].read().decode() for f in found}
                assert told == {f'"{n} of version {version}"' for n in range(DEPLOY_FUNCTIONS)}, told
        times = {}
        for version in (1, 2):
            write_template(folder, version)
            times[f"version {version}"] = deploy()
            answers(version)
        times["nothing"] = deploy()
    report.raw["deploy_s"] = times
    what = f"deploy of {DEPLOY_FUNCTIONS} functions to {len(DEPLOY_REGIONS)} regions"
    report.row(f"{what}, new", times["version 1"], limit=DEPLOY_LIMIT_S, unit="s")
    report.row(f"{what}, new code", times["version 2"], limit=DEPLOY_LIMIT_S, unit="s")
    report.row(f"{what}, nothing to do", times["nothing"], unit="s")


def lost(report, copy):
    """A region with everything in it, restored beside itself, and after it is gone."""
    with server(regions=(HOME, OTHER)) as meridian:
        names, zips = fill(meridian, make_role(meridian))
        begin = time.perf_counter()
        meridian_command(meridian, "baseline", "create", "all")
        report.row("the vault catches up and a baseline is made", time.perf_counter() - begin, unit="s")
        incremental(report, meridian, names)
        restore(report, meridian, names)
        verification(report, meridian)
        dedup_and_clone(report, meridian, zips, copy)
        recovery_key = meridian.recovery_key
    amnesia(report, copy, recovery_key, names)


def run():
    report = Report("vault")
    deploys(report)
    write_cost(report)
    with tempfile.TemporaryDirectory() as folder:
        lost(report, pathlib.Path(folder, "copy.git"))
    return report.finish()
