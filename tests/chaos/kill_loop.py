#!/usr/bin/env python3
"""kill -9 at random moments, under load: nothing acknowledged is lost, nothing half-made is left.

Each round starts the server on the same data directory, lets clients create, update, publish, tag and delete functions
and roles, kills meridiand (or the jailer) with SIGKILL at a random moment, starts it again and compares:
- every acknowledged change holds;
- a change without an answer is absent or complete: what a function says of itself is one of the states that the changes
  could have led to, its package has the right hash, and it runs that package;
- no process, control group or mount of the killed server remains.

    kill_loop.py --rounds 200 --seed 7      the same seed makes the same operations and moments; the scheduler does the rest
    kill_loop.py --rounds 5 --seed 7 --from-round 41 --keep

Needs root and MERIDIAN_BIN_DIR (or --bin-dir). A failure prints the seed, the round and the history of the
resource."""

import argparse
import base64
import copy
import hashlib
import http.client
import json
import os
import pathlib
import random
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402

import meridian_server  # noqa: E402
from meridian_server import ACCOUNT, LAMBDA_TRUST, MeridianServer, make_zip, wait_until  # noqa: E402

REGIONS = ("us-east-1", "sa-east-1")
CLIENTS = 6
FUNCTIONS_EACH = 2  # names that one client uses: every name has one writer, so its history is a sequence
KILL_BETWEEN_SECONDS = (0.02, 0.45)
JAILER_ONE_IN = 5
START_ONE_IN = 8
INVOKE_ONE_IN = 4  # of the functions that are checked
GONE = None


class Lost(Exception):
    """The connection ended before the answer: the change may have happened or not."""


class Violation(Exception):
    pass


class Api:
    """A connection that signs; every request either is answered or raises Lost."""

    def __init__(self, server, region, dying=None):
        self.server, self.region, self.dying = server, region, dying or threading.Event()
        self.address = urllib.parse.urlsplit(server.endpoint).netloc
        self.connection = None

    def send(self, method, path, body=b"", service="lambda", headers=None):
        request = AWSRequest(method, self.server.endpoint + path, data=body, headers=dict(headers or {}))
        SigV4Auth(Credentials(self.server.access_key, self.server.secret_key), service, self.region).add_auth(request)
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=30)
            self.connection.request(method, path, body=body, headers=dict(request.headers))
            response = self.connection.getresponse()
            status, answer = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(repr(error)) from None
        if self.dying.is_set() and (status >= 500 or response.getheader("X-Amz-Function-Error")):
            raise Lost(f"{status} from a server whose jailer is dead")
        return status, answer, response.headers

    def json(self, method, path, value=None):
        body = b"" if value is None else json.dumps(value).encode()
        status, answer, _ = self.send(method, path, body, headers={"Content-Type": "application/json"})
        return status, json.loads(answer) if answer.startswith((b"{", b"[")) else answer

    def iam(self, action, **parameters):
        form = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", **parameters}).encode()
        return self.send("POST", "/", form, "iam", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Packages:
    """Packages that say who they are: a bootstrap that answers with its label, beside some random bytes."""

    def __init__(self):
        self.by_hash = {}

    def make(self, chooser):
        label = "%016x" % chooser.getrandbits(64)
        # Speaks the Runtime API with what every bundle has: bash.
        script = ("#!/bin/bash\n"
                  "while :; do\n"
                  "  exec 3<>/dev/tcp/127.0.0.1/9001 || exit 0\n"
                  "  printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' >&3\n"
                  "  id=\n"
                  "  while IFS= read -r -u 3 line && [ \"$line\" != $'\\r' ]; do\n"
                  "    case ${line,,} in lambda-runtime-aws-request-id:*) id=${line#*: }; id=${id%$'\\r'};; esac\n"
                  "  done\n"
                  "  exec 3>&-\n"
                  "  [ -n \"$id\" ] || exit 0\n"
                  f"  body='\"{label}\"'\n"
                  "  exec 3<>/dev/tcp/127.0.0.1/9001 || exit 0\n"
                  "  printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n"
                  "Content-Length: %d\\r\\n\\r\\n%s' \"$id\" \"${#body}\" \"$body\" >&3\n"
                  "  cat <&3 >/dev/null\n"
                  "  exec 3>&-\n"
                  "done\n")
        files = {"bootstrap": script, "padding": chooser.randbytes(chooser.choice((10, 1_000, 100_000)))}
        data = make_zip(files)
        sha = base64.b64encode(hashlib.sha256(data).digest()).decode()
        self.by_hash[sha] = (label, data)
        return sha, data


class Resource:
    """What one name may be now. `possible` holds each state it may be in: one when everything was answered, more after
    a Lost. A state is GONE or a dictionary; `history` is for people."""

    def __init__(self, name):
        self.name = name
        self.possible = [GONE]
        self.history = []
        self.touched = False

    @property
    def certain(self):
        assert len(self.possible) == 1
        return self.possible[0]

    def change(self, what, new, send, accepted):
        """Sends a change that leads to state `new`. `accepted(status, answer)` says whether it was taken."""
        self.touched = True
        before = self.certain
        self.possible = [before, new]  # until it is answered
        try:
            status, answer = send()
        except Lost as lost:
            self.history.append(f"{what} → no answer ({lost})")
            raise
        taken = accepted(status, answer)
        self.history.append(f"{what} → {status}")
        self.possible = [new] if taken else [before]
        return answer


class FunctionWriter:
    """One function's life: random changes, each checked against what the answers must be."""

    def __init__(self, resource, region, role, packages):
        self.resource, self.region, self.role, self.packages = resource, region, role, packages
        self.path = "/2015-03-31/functions/" + resource.name

    def step(self, api, chooser):
        state = self.resource.certain
        if state is GONE:
            return self.create(api, chooser)
        what = chooser.choices((self.update_code, self.configure, self.publish, self.tag, self.untag, self.delete,
                                self.invoke), (5, 5, 4, 3, 2, 2, 3))[0]
        return what(api, chooser)

    def create(self, api, chooser):
        sha, data = self.packages.make(chooser)
        description = "%08x" % chooser.getrandbits(32)
        tags = {"born": description} if chooser.random() < 0.5 else {}
        publish = chooser.random() < 0.2
        new = {"sha": sha, "description": description, "timeout": chooser.randint(5, 100), "tags": tags, "versions": {}}
        if publish:
            new["versions"] = {None: (sha, description)}  # the number is not known before
        request = {"FunctionName": self.resource.name, "Runtime": "provided.al2023", "Handler": "bootstrap",
                   "Role": self.role, "Code": {"ZipFile": base64.b64encode(data).decode()}, "Description": description,
                   "Timeout": new["timeout"], "Tags": tags, "Publish": publish}
        answer = self.resource.change(f"create {sha[:8]} publish={publish} tags={tags}", new, lambda: api.json(
            "POST", "/2015-03-31/functions", request), lambda status, a: self.expect(status, a, 201))
        if publish:
            self.number(answer["Version"])

    def number(self, version):
        """The number of the version that was just published is known now."""
        state = self.resource.certain
        state["versions"][version] = state["versions"].pop(None)

    def expect(self, status, answer, good):
        if status == good:
            return True
        # An update in progress refuses the next one: nothing changed.
        if status == 409 and "in progress" in str(answer) or status == 409 and "Pending" in str(answer):
            return False
        raise Violation(f"{self.resource.name}: an answer that nobody expects: {status} {answer}")

    def changed(self, **more):
        return {**copy.deepcopy(self.resource.certain), **more}

    def update_code(self, api, chooser):
        sha, data = self.packages.make(chooser)
        self.resource.change(f"code {sha[:8]}", self.changed(sha=sha), lambda: api.json(
            "PUT", self.path + "/code", {"ZipFile": base64.b64encode(data).decode()}),
            lambda status, a: self.expect(status, a, 200))

    def configure(self, api, chooser):
        description, timeout = "%08x" % chooser.getrandbits(32), chooser.randint(5, 100)
        self.resource.change(f"configure {description} {timeout}", self.changed(description=description, timeout=timeout),
                             lambda: api.json("PUT", self.path + "/configuration",
                                              {"Description": description, "Timeout": timeout}),
                             lambda status, a: self.expect(status, a, 200))

    def publish(self, api, chooser):
        state = self.resource.certain
        new = self.changed()
        published = (state["sha"], state["description"])
        new["versions"][None] = published
        before = set(state["versions"])
        answer = self.resource.change("publish", new, lambda: api.json("POST", self.path + "/versions", {}),
                                      lambda status, a: self.expect(status, a, 201))
        if "Version" not in answer:
            return
        if answer["Version"] in before:  # nothing had changed: the last version once more
            self.resource.certain["versions"].pop(None)
        else:
            self.number(answer["Version"])
        if answer["CodeSha256"] != published[0]:
            raise Violation(f"{self.resource.name}: published {answer['CodeSha256']}, not {published}")

    def arn(self):
        return urllib.parse.quote(f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.resource.name}", safe="")

    def tag(self, api, chooser):
        tags = {f"k{chooser.randint(0, 5)}": "%x" % chooser.getrandbits(32) for _ in range(2)}
        self.resource.change(f"tag {tags}", self.changed(tags={**self.resource.certain["tags"], **tags}), lambda: api.json(
            "POST", "/2017-03-31/tags/" + self.arn(), {"Tags": tags}), lambda status, a: self.expect(status, a, 204))

    def untag(self, api, chooser):
        keys = [f"k{chooser.randint(0, 5)}" for _ in range(2)]
        left = {k: v for k, v in self.resource.certain["tags"].items() if k not in keys}
        query = "&".join("tagKeys=" + key for key in keys)
        self.resource.change(f"untag {keys}", self.changed(tags=left), lambda: api.json(
            "DELETE", f"/2017-03-31/tags/{self.arn()}?{query}"), lambda status, a: self.expect(status, a, 204))

    def delete(self, api, chooser):
        self.resource.change("delete", GONE, lambda: api.json("DELETE", self.path),
                             lambda status, a: self.expect(status, a, 204))

    def invoke(self, api, chooser):
        """Keeps sandboxes busy; while an update is in progress, either package may answer."""
        status, body, headers = api.send("POST", self.path + "/invocations", b"{}")
        if status == 409 and b"Pending" in body:
            return
        if status != 200 or headers.get("X-Amz-Function-Error"):
            raise Violation(f"{self.resource.name}: invoke answered {status} {body[:500]}")

    # After the restart

    def verify(self, api, invoke):
        name = self.resource.name
        status, found = api.json("GET", self.path)
        if status == 404:
            self.settle_on(GONE)
            return
        if status != 200:
            raise Violation(f"{name}: GetFunction answered {status} {found}")
        configuration = self.wait_until_settled(api) or found["Configuration"]
        if configuration["State"] != "Active" or configuration.get("LastUpdateStatus") != "Successful":
            raise Violation(f"{name} is {configuration['State']}, {configuration.get('LastUpdateStatus')}: {configuration}")
        status, tags = api.json("GET", "/2017-03-31/tags/" + self.arn())
        versions, marker = {}, ""
        while marker is not None:
            status, page = api.json("GET", f"{self.path}/versions" + (f"?Marker={urllib.parse.quote(marker)}" if marker else ""))
            versions.update({v["Version"]: (v["CodeSha256"], v["Description"]) for v in page["Versions"]})
            marker = page.get("NextMarker")
        versions.pop("$LATEST")
        state = {"sha": configuration["CodeSha256"], "description": configuration["Description"],
                 "timeout": configuration["Timeout"], "tags": tags["Tags"], "versions": versions}
        self.settle_on(state)
        self.check_code(found["Code"]["Location"], state["sha"])
        if invoke:
            status, body, headers = api.send("POST", self.path + "/invocations", b"{}")
            label = self.packages.by_hash[state["sha"]][0]
            if (status, body) != (200, f'"{label}"'.encode()):
                raise Violation(f"{name}: should answer {label}, answered {status} {body[:500]} "
                                f"{headers.get('X-Amz-Function-Error')}")

    def wait_until_settled(self, api):
        """What the kill has interrupted is finished after the restart."""
        deadline = time.monotonic() + 20
        while True:
            status, found = api.json("GET", self.path + "/configuration")
            if status != 200:
                raise Violation(f"{self.resource.name}: GetFunctionConfiguration answered {status} {found}")
            if found["State"] != "Pending" and found.get("LastUpdateStatus") != "InProgress":
                return found
            if time.monotonic() > deadline:
                raise Violation(f"{self.resource.name} does not settle: {found}")
            time.sleep(0.01)

    def settle_on(self, state):
        """The state that was found must be one of the possible ones, and is certain from now on."""
        for possible in self.resource.possible:
            if same(possible, state):
                self.resource.possible = [state]
                return
        raise Violation(f"{self.resource.name} is in a state that no answer allows.\n  found:    {state}\n" +
                        "\n".join(f"  possible: {p}" for p in self.resource.possible))

    def check_code(self, link, sha):
        parts = urllib.parse.urlsplit(link)
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        try:
            connection.request("GET", f"{parts.path}?{parts.query}")
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        if response.status != 200 or data != self.packages.by_hash[sha][1]:
            raise Violation(f"{self.resource.name}: the package behind the link is not {sha}: {response.status} "
                            f"{len(data)} bytes")


def same(possible, found):
    """A version without a number in `possible` is any one new number of `found`."""
    if possible is GONE or found is GONE:
        return possible is found
    if any(possible[key] != found[key] for key in ("sha", "description", "timeout", "tags")):
        return False
    known = {k: v for k, v in possible["versions"].items() if k is not None}
    more = {k: v for k, v in found["versions"].items() if k not in known}
    if any(found["versions"].get(k) != v for k, v in known.items()):
        return False
    if None not in possible["versions"]:
        return not more
    # Published without an answer: one more version, or the last one once more.
    return list(more.values()) in ([possible["versions"][None]], []) and (more or possible["versions"][None] in known.values())


class RoleWriter:
    """An IAM role: written through one region, read through the other."""

    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

    def __init__(self, resource, packages):
        self.resource = resource

    def step(self, api, chooser):
        name, state = self.resource.name, self.resource.certain
        ok = lambda status, answer: self.expect(status, answer)  # noqa: E731
        if state is GONE:
            self.resource.change("create role", {"policies": []}, lambda: api.iam(
                "CreateRole", RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)[:2], ok)
        elif state["policies"]:
            self.resource.change("detach", {"policies": []}, lambda: api.iam(
                "DetachRolePolicy", RoleName=name, PolicyArn=self.policy)[:2], ok)
        elif chooser.random() < 0.5:
            self.resource.change("attach", {"policies": [self.policy]}, lambda: api.iam(
                "AttachRolePolicy", RoleName=name, PolicyArn=self.policy)[:2], ok)
        else:
            self.resource.change("delete role", GONE, lambda: api.iam("DeleteRole", RoleName=name)[:2], ok)

    def expect(self, status, answer):
        if status != 200:
            raise Violation(f"{self.resource.name}: an answer that nobody expects: {status} {answer}")
        return True

    def verify(self, api, invoke):
        name = self.resource.name
        for region in REGIONS:
            there = Api(api.server, region)
            try:
                status, body, _ = there.iam("GetRole", RoleName=name)
                if status == 404:
                    state = GONE
                elif status == 200:
                    status, body, _ = there.iam("ListAttachedRolePolicies", RoleName=name)
                    state = {"policies": [self.policy] if self.policy.encode() in body else []}
                else:
                    raise Violation(f"{name}: GetRole answered {status} {body[:500]}")
            finally:
                there.close()
            if state not in self.resource.possible:
                raise Violation(f"role {name} in {region}: found {state}, possible {self.resource.possible}")
            self.resource.possible = [state]  # the second region must say the same


class Loop:
    def __init__(self, options):
        self.options = options
        self.server = MeridianServer(regions=REGIONS, bin_dir=options.bin_dir, flags=options.flag)
        self.packages = Packages()
        self.writers = []
        self.figures = {"changes": 0, "lost": 0, "checked": 0, "invoked": 0}

    def prepare(self):
        self.server.start()
        api = Api(self.server, REGIONS[0])
        status, body, _ = api.iam("CreateRole", RoleName="chaos", AssumeRolePolicyDocument=LAMBDA_TRUST)
        assert status == 200, body
        api.close()
        role = f"arn:aws:iam::{ACCOUNT}:role/chaos"
        for client in range(CLIENTS):
            region = REGIONS[client % len(REGIONS)]
            mine = [FunctionWriter(Resource(f"chaos-{client}-{i}"), region, role, self.packages)
                    for i in range(FUNCTIONS_EACH)]
            self.writers.append((region, [*mine, RoleWriter(Resource(f"chaos-role-{client}"), self.packages)]))

    def run_client(self, chooser, region, writers, stop, failures):
        api = Api(self.server, region, stop)
        try:
            while True:
                writer = chooser.choice(writers)
                if len(writer.resource.possible) > 1:
                    continue
                self.figures["changes"] += 1
                writer.step(api, chooser)
        except Lost:
            self.figures["lost"] += 1  # the server is gone: this client's round is over
        except Exception as error:  # reported by the main thread
            failures.append((writer, error))
        finally:
            api.close()

    def round(self, number):
        """One kill. The server runs before and after."""
        chooser = random.Random(f"{self.options.seed}/{number}")
        stop, failures = threading.Event(), []
        clients = [threading.Thread(target=self.run_client, args=(
            random.Random(f"{self.options.seed}/{number}/{i}"), region, writers, stop, failures))
            for i, (region, writers) in enumerate(self.writers)]
        for client in clients:
            client.start()
        time.sleep(chooser.uniform(*KILL_BETWEEN_SECONDS))
        jailer = chooser.randrange(JAILER_ONE_IN) == 0
        stop.set()
        self.server.kill9(jailer=jailer)
        for client in clients:
            client.join(60)
            assert not client.is_alive(), "a client hangs"
        for writer, error in failures:
            raise Violation(f"{error}\n" + "\n".join(writer.resource.history[-30:])) from error
        if chooser.randrange(START_ONE_IN) == 0:  # and once more while it recovers
            self.server.launch()
            time.sleep(chooser.uniform(0, 0.15))
            try:
                self.server.kill9(jailer=chooser.random() < 0.5)
            except RuntimeError:  # meridiand is not there yet
                self.server.kill9(jailer=True)
        started = time.monotonic()
        self.server.start()
        restart = time.monotonic() - started
        try:  # another jailer on this host may be the one that removes them
            wait_until(lambda: not self.server.left_groups(), seconds=5)
        except AssertionError:
            raise Violation(f"control groups of the killed server are left: {self.server.left_groups()}") from None
        if left := self.mounts():
            raise Violation(f"mounts of the killed server are left: {left}")
        self.verify(chooser, everything=number % 50 == 0)
        return jailer, restart

    def verify(self, chooser, everything=False):
        apis = {region: Api(self.server, region) for region in REGIONS}
        try:
            for region, writers in self.writers:
                for writer in writers:
                    if not (writer.resource.touched or everything):
                        continue
                    invoke = everything or chooser.randrange(INVOKE_ONE_IN) == 0
                    try:
                        writer.verify(apis[region], invoke)
                    except (Violation, Lost, KeyError) as error:
                        raise Violation(f"{error!r}\n" + str(error) + "\nhistory:\n  " + "\n  ".join(
                            writer.resource.history[-30:])) from error
                    self.figures["checked"] += 1
                    self.figures["invoked"] += invoke
                    writer.resource.touched = False
            for region in REGIONS:
                self.check_list(apis[region], region)
        finally:
            for api in apis.values():
                api.close()

    def check_list(self, api, region):
        """No function that nobody made, none missing."""
        found, marker = set(), ""
        while marker is not None:
            status, page = api.json("GET", "/2015-03-31/functions/" + (f"?Marker={urllib.parse.quote(marker)}" if marker else ""))
            found |= {f["FunctionName"] for f in page["Functions"]}
            marker = page.get("NextMarker")
        expected = {w.resource.name for r, writers in self.writers if r == region for w in writers
                    if isinstance(w, FunctionWriter) and w.resource.certain is not GONE}
        if found != expected:
            raise Violation(f"ListFunctions in {region}: {sorted(found ^ expected)} differ")

    def mounts(self):
        """Mounts of this server in the host's mount namespace: there must never be one."""
        return [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
                if str(self.server.directory) in line]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="random if absent")
    parser.add_argument("--from-round", type=int, default=1, help="number of the first round (its choices come from it)")
    parser.add_argument("--bin-dir", default=os.environ.get("MERIDIAN_BIN_DIR"))
    parser.add_argument("--flag", action="append", default=[], help="passed on to `meridian up`")
    parser.add_argument("--keep", action="store_true", help="keep the data directory after a failure")
    parser.add_argument("--verbose", action="store_true", help="a line for each round")
    options = parser.parse_args()
    if os.geteuid() != 0 or not options.bin_dir or not meridian_server.has_runtime("provided.al2023"):
        print("skipped: needs root, MERIDIAN_BIN_DIR and the runtime provided.al2023")
        return 77
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {options.seed}, {options.rounds} rounds", flush=True)
    loop = Loop(options)
    began, slowest, number, failed = time.monotonic(), 0.0, 0, True
    try:
        loop.prepare()
        for number in range(options.from_round, options.from_round + options.rounds):
            jailer, restart = loop.round(number)
            slowest = max(slowest, restart)
            if options.verbose or number % 25 == 0:
                print(f"round {number}: killed {'jailer' if jailer else 'meridiand'}, restart {restart:.2f} s, {loop.figures}, "
                      f"{time.monotonic() - began:.0f} s", flush=True)
        status = loop.server.stop()
        if status != 0:
            raise Violation(f"the last SIGTERM ended with {status}")
        failed = False
    except Exception as error:  # whatever it is, say how to see it again
        print(f"FAILED in round {number}: {error}\nserver's stderr:\n{loop.server.errors()[-3000:]}\n"
              f"replay: {sys.argv[0]} --seed {options.seed} --rounds {number - options.from_round + 1} "
              f"--from-round {options.from_round} --keep", flush=True)
        if not isinstance(error, (Violation, AssertionError)):
            raise
        return 1
    finally:
        if failed and options.keep:
            print(f"kept: {loop.server.directory}")
            if loop.server.process is not None:
                loop.server.stop()
        else:
            loop.server.close()
    print(f"passed: {options.rounds} rounds in {time.monotonic() - began:.0f} s, slowest restart {slowest:.2f} s, {loop.figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
