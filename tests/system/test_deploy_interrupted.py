"""Deploys whose command line, or whose server, is killed at every step: what they have begun is finished from another
region's command line with what the regions have, and ends as the same deploy that nobody disturbed."""

import concurrent.futures
import json
import os
import re
import subprocess
import threading
import time
from datetime import datetime, timezone

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from command_line import answer, command, outcome
from meridian_server import LAMBDA_TRUST, MeridianServer, make_zip, wait_until

FIRST, SECOND = "us-east-1", "sa-east-1"
REGIONS = f"{FIRST},{SECOND}"
AT_ONCE = 4  # deploys

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Memory: {Type: Number, Default: 128}
Resources:
  App:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.11
      MemorySize: !Ref Memory
      AutoPublishAlias: live
      DeploymentPreference:
        Type: Canary50Percent2Seconds
        Hooks: {PreTraffic: before, PostTraffic: %s}
Outputs:
  Name: {Value: !Ref App}
"""


class Hooks:
    """Answers what asks for an answer, in every region, until the block ends."""

    def __init__(self, server):
        self.server, self.ended, self.holds = server, threading.Event(), set()

    def __enter__(self):
        self.thread = threading.Thread(target=self.answer)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def answer(self):
        clients = {region: self.server.client("codedeploy", region=region) for region in (FIRST, SECOND)}
        while not self.ended.wait(0.1):
            for region, client in clients.items():
                try:
                    self.answer_in(region, client)
                except Exception:  # noqa: BLE001 — the server is down, or the execution has ended meanwhile
                    pass

    def answer_in(self, region, client):
        for rollout in rollouts(self.server, region):
            if rollout["State"] != "InProgress" or rollout["Stack"] in self.holds:
                continue
            functions = {hook["Function"] for part in rollout["Summary"]["Regions"].values() for hook in part["Hooks"]}
            for execution, status in rollout["Hooks"].items():
                if status != "Pending":
                    continue
                # One waits at a time: "refuses" is called only when "before" has answered.
                failed = "refuses" in functions
                client.put_lifecycle_event_hook_execution_status(
                    deploymentId=rollout["Id"], lifecycleEventHookExecutionId=execution,
                    status="Failed" if failed else "Succeeded")


@pytest.fixture(scope="module")
def server():
    with MeridianServer(regions=(FIRST, SECOND)) as started:
        prepare(started)
        yield started


def prepare(server):
    """The hooks, which answer nothing themselves, in each region."""
    role = server.client("iam").create_role(RoleName="hooks", AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
    for region in (FIRST, SECOND):
        for name in ("before", "after", "refuses"):
            server.client("lambda", region=region).create_function(
                FunctionName=name, Runtime="python3.11", Role=role, Handler="h.handler", Timeout=20,
                Code={"ZipFile": make_zip({"h.py": "def handler(event, context):\n    return 1\n"})})


def rollouts(server, region, stack=None):
    """What the region knows, by Meridian's own API: the oldest first."""
    request = AWSRequest("GET", server.endpoint + "/meridian/v1/rollouts")
    SigV4Auth(Credentials(server.access_key, server.secret_key), "meridian", region).add_auth(request)
    done = requests.get(request.url, headers=dict(request.headers), timeout=30)
    assert done.status_code == 200, done.text
    listed = sorted(done.json()["Rollouts"], key=lambda each: each["Created"])
    return [each for each in listed if stack in (None, each["Stack"])]


class Project:
    """A stack of one function with a canary and two hooks, deployed once as "one"."""

    def __init__(self, server, folder, after="after"):
        self.server, self.folder, self.after = server, folder, after
        self.stack = "i-" + os.urandom(5).hex()
        (folder / "src").mkdir(parents=True)
        self.write("one")
        status, told = self.deploy()
        assert status == 0, told

    def write(self, revision):
        (self.folder / "src/app.py").write_text(f"def handler(event, context):\n    return {json.dumps(revision)}\n")
        (self.folder / "template.yaml").write_text(TEMPLATE % self.after)

    def words(self, memory=128):
        return ("deploy", self.folder, "--stack", self.stack, "--regions", REGIONS, "--yes", "--bake", "1", "--waves",
                f"{SECOND};{FIRST}", "--rollback-earlier-waves", "--parameter", f"Memory={memory}")

    def deploy(self, memory=128):
        return outcome(self.server, *self.words(memory))

    def start(self, memory=256):
        return subprocess.Popen(command(self.server, *self.words(memory)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env=self.server.environment())

    def left(self, region):
        return [each for each in rollouts(self.server, region, self.stack) if each["State"] == "InProgress"]

    def standing(self):
        """All that a deploy decides, in both regions, without the stack's own name and what differs by the run."""
        out = {}
        for region in (FIRST, SECOND):
            record = answer(self.server, "stack", "show", self.stack, "--regions", region)["Stack"][region]
            name = record["Outputs"]["Name"]
            api = self.server.client("lambda", region=region)
            configuration = api.get_function_configuration(FunctionName=name)
            versions = api.list_versions_by_function(FunctionName=name)["Versions"]
            alias = api.get_alias(FunctionName=name, Name="live")
            role = configuration["Role"].rsplit("/", 1)[1]
            answered = json.loads(api.invoke(FunctionName=name, Qualifier="live")["Payload"].read())
            out[region] = {
                "resources": sorted((each["LogicalId"], each["Type"]) for each in record["Resources"]),
                "configuration": {k: configuration[k] for k in ("CodeSha256", "MemorySize", "Handler", "Timeout", "Runtime")},
                "versions": [(each["Version"], each["CodeSha256"], each["MemorySize"]) for each in versions],
                "alias": (alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})),
                "role": self.server.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"],
                "answers": answered}
            busy = [each["State"] for each in rollouts(self.server, region, self.stack) if each["State"] == "InProgress"]
            assert busy == []
        return json.loads(json.dumps(out, default=str).replace(self.stack, "STACK"))


def is_step(line):
    return re.match(rf"({FIRST}|{SECOND}): ", line)


def cut_at(project, step):
    """An update whose command line is killed when it has told that many steps; at 0, with its first line of all."""
    project.write("two")
    running = project.start()
    told = 0
    for line in running.stdout:
        told += bool(is_step(line))
        if told >= step:
            break
    running.kill()
    running.communicate()


def lease_is_over(rollout):
    return datetime.fromisoformat(rollout["LeaseExpires"].replace("Z", "+00:00")) < datetime.now(timezone.utc)


def finish(project, how="resume"):
    """From the other region, with what the regions have; how it ended."""
    left = project.left(SECOND) or project.left(FIRST)
    if not left:
        return None
    region = SECOND if project.left(SECOND) else FIRST
    # Regions take it one after the other, and so their leases end.
    wait_until(lambda: all(lease_is_over(each) for where in (FIRST, SECOND) for each in project.left(where)), seconds=60, every=0.5,
               what="the leases' end")
    told = outcome(project.server, "rollout", how, left[0]["Id"], "--regions", region, region=region)[1]
    states = {where: [each["State"] for each in rollouts(project.server, where, project.stack)][-1] for where in (FIRST, SECOND)}
    assert len(set(states.values())) == 1 and states[FIRST] != "InProgress", (states, told)
    return states[FIRST]


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))


# The update that goes through, and the one that a hook turns back when all of the traffic was moved already.
ENDS = {"after": "Succeeded", "refuses": "RolledBack"}


@pytest.mark.parametrize("after", sorted(ENDS))
def test_a_command_line_that_is_killed_at_any_line_is_finished_from_another_region(server, tmp_path, after):
    with Hooks(server):
        whole = Project(server, tmp_path / "whole", after)
        before = whole.standing()
        whole.write("two")
        running = whole.start()
        steps = [line for line in running.stdout if is_step(line)]
        running.wait()
        assert rollouts(server, SECOND, whole.stack)[-1]["State"] == ENDS[after], steps
        wanted = whole.standing()
        assert (wanted == before) == (after == "refuses")
        words = "".join(steps)
        for step in ("update Lambda Function", "hook before", "50% of the traffic", "100% of the traffic", "hook " + after):
            assert step in words, (step, words)
        assert ("back to version 1" in words) == (after == "refuses")

        points = range(len(steps) + 1)
        projects = in_parallel(lambda line: Project(server, tmp_path / f"cut-{line}", after), points)
        in_parallel(lambda both: cut_at(*both), zip(projects, points))
        ends = in_parallel(finish, projects)
        for point, project, end in zip(points, projects, ends):
            where = (point, steps[point - 1] if point else "before it began")
            known = rollouts(server, SECOND, project.stack)
            # After its last step it may have ended by itself; before its first it may not have begun.
            end = end or known[-1]["State"]
            begun = len(known) > 1
            # One that is killed before its packages are there goes back.
            assert end == ENDS[after] or (point == 0 and (not begun or end == "RolledBack")), where
            assert project.standing() == (wanted if begun and end == ENDS[after] else before), where
            status, told = outcome(server, "stack", "drift", project.stack, "--regions", REGIONS)
            assert status == 0, (where, told)


def test_an_abort_finishes_what_a_killed_command_line_left(server, tmp_path):
    with Hooks(server):
        points = ("update Lambda Function", "50% of the traffic", "bakes for")

        def abort(step):
            project = Project(server, tmp_path / step.replace(" ", "-").replace("%", ""))
            before = project.standing()
            project.write("two")
            running = project.start()
            for text in running.stdout:
                if step in text:
                    break
            running.kill()
            running.communicate()
            assert finish(project, "abort") == "Aborted", step
            assert project.standing() == before, step
        in_parallel(abort, points)


def test_a_server_that_is_killed_in_every_phase_is_finished_from_another_region(tmp_path):
    """Several deploys stand in different phases when meridiand is killed; all are finished afterwards."""
    with MeridianServer(regions=(FIRST, SECOND)) as own:
        prepare(own)
        with Hooks(own) as hooks:
            wished = ["Applying", "BeforeHooks", "Shifting", "AfterHooks", "Baking"]
            projects = dict(zip(wished, in_parallel(lambda phase: Project(own, tmp_path / phase), wished)))
            before = {phase: project.standing() for phase, project in projects.items()}
            running = {}
            for phase in ("BeforeHooks", "AfterHooks"):
                hooks.holds.add(projects[phase].stack)
            for phase, project in projects.items():
                project.write("two")
                running[phase] = project.start()
            hold = projects["AfterHooks"].stack

            def at(phase):
                left = projects[phase].left(SECOND)
                return bool(left) and left[0]["Summary"]["Regions"][SECOND]["Phase"]
            # Its first hook is answered, its second is not.
            wait_until(lambda: at("AfterHooks") == "BeforeHooks" and at("BeforeHooks") == "BeforeHooks", seconds=60,
                       what="hooks wait")
            hooks.holds.discard(hold)
            wait_until(lambda: at("AfterHooks") not in ("BeforeHooks", "Applying"), seconds=60, what="the first hook is answered")
            hooks.holds.add(hold)
            time.sleep(0.5)
            own.kill9(clients=running.values())
        own.start()
        with Hooks(own):
            ends = dict(zip(projects, in_parallel(finish, projects.values())))
            for phase, project in projects.items():
                end = ends[phase] or rollouts(own, SECOND, project.stack)[-1]["State"]
                assert end in ("Succeeded", "RolledBack"), (phase, end)
                if end == "RolledBack":
                    assert project.standing() == before[phase], phase
                    assert project.deploy(256)[0] == 0
            standing = [project.standing() for project in projects.values()]
            assert all(each == standing[0] for each in standing), standing
            assert standing[0][FIRST]["answers"] == "two"
