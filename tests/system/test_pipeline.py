"""Pipelines: a push builds, deploys, tests, asks and promotes; through kills of the server and of its runners, and with
the pusher's rights and no others."""

import hashlib
import json
import os
import signal
import subprocess
import time

import pytest

from command_line import HOME, OTHER, meridian, refusal
from meridian_server import processes, wait_until
from test_git import Git, a_user, url_of

HANDLER = """
def handler(event, context):
    return {"greeting": GREETING + " " + event["name"], "build": %d}
"""


def pipeline_yaml(**parts):
    return json.dumps({"version": 1, "stages": parts["stages"]})  # JSON is YAML


def stages(*, approve=True, waves=((HOME,), (OTHER,)), name="f", expect="tests/a.expected.json", match="exact"):
    out = [{"build": {"code": "src"}},
           {"name": "staging", "deploy": {"functions": {name: "code"}}},
           {"test": {"cases": [{"function": name, "event": "tests/a.json", "expect": expect, "match": match}]}}]
    if approve:
        out.append({"approve": {"message": "look"}})
    return out + [{"name": "world", "deploy": {"functions": {name: "code"}, "waves": waves, "bake": 1}},
                  {"promote": {"alias": "live", "baseline": True}}]


def sources(build, **more):
    return {"src/handler.py": f"GREETING = 'hello'\n" + HANDLER % build,
            "tests/a.json": json.dumps({"name": "you"}),
            "tests/a.expected.json": json.dumps({"greeting": "hello you", "build": build}),
            "pipeline.yaml": pipeline_yaml(stages=stages(**more))}


@pytest.fixture
def git(tmp_path):
    return Git(tmp_path)


def answer(server, *words, **arguments):
    return json.loads(meridian(server, *words, "--json", **arguments))


def execution(server, id):
    return answer(server, "pipeline", "show", id)


def comes_to(server, id, *states, seconds=120):
    def there():
        try:
            found = execution(server, id)
        except AssertionError:
            return None  # it is not there yet, or the server is not
        assert found["State"] in states or found["State"] in ("Queued", "Running", "Waiting"), found["Reason"]
        return found if found["State"] in states else None
    return wait_until(there, seconds=seconds, every=0.2, what=f"{id} is {states}")


class Shop:
    """A function in both regions, a repository and a pipeline of its own in `server`."""

    def __init__(self, server, functions, git, name):
        self.server, self.git, self.name = server, git, name
        for region in (HOME, OTHER):
            functions("python", name=name, region=region)
        meridian(server, "repo", "create", name)
        meridian(server, "pipeline", "create", name, "--repository", name)
        self.tree = git.work_tree("tree-" + name, sources(1, name=name))

    def push(self, *, user=None, password=None):
        self.git.run("push", "-q", url_of(self.server, self.name, user=user, password=password), "main", at=self.tree)
        return self.git.run("rev-parse", "HEAD", at=self.tree)

    def live(self, region):
        return self.server.client("lambda", region).get_alias(FunctionName=self.name, Name="live")["FunctionVersion"]

    def says(self, region, qualifier="live"):
        done = self.server.client("lambda", region).invoke(FunctionName=self.name, Qualifier=qualifier,
                                                           Payload=b'{"name": "x"}')
        return json.loads(done["Payload"].read())


@pytest.fixture
def shop(server, functions, git, request):
    return Shop(server, functions, git, "shop-" + request.node.name.removeprefix("test_")[:40].replace("[", "-").rstrip("]"))


def test_a_push_goes_through_every_stage(server, shop):
    commit = shop.push()
    id = f"{shop.name}:1"
    waiting = comes_to(server, id, "Waiting")
    assert waiting["Commit"] == commit and waiting["ByArn"].endswith(":root")
    states = {stage["Name"]: stage["State"] for stage in waiting["Stages"]}
    assert states == {"build": "Succeeded", "staging": "Succeeded", "test": "Succeeded", "approve": "Waiting",
                      "world": "Pending", "promote": "Pending"}
    with pytest.raises(server.client("lambda").exceptions.ResourceNotFoundException):
        shop.live(HOME)
    meridian(server, "pipeline", "approve", id, "-m", "seen")
    watched = meridian(server, "pipeline", "watch", id)
    assert "Succeeded" in watched and "promote" in watched
    for region in (HOME, OTHER):
        assert shop.says(region) == {"greeting": "hello x", "build": 1}
        assert answer(server, "baseline", "show", f"{shop.name}.1", region=region)["Name"] == f"{shop.name}.1"
    done = execution(server, id)
    assert "seen" in done["Stages"][3]["Message"]
    assert done["Stages"][4]["Output"] == {HOME: {shop.name: shop.live(HOME)}, OTHER: {shop.name: shop.live(OTHER)}}
    wait_until(lambda: "baseline" in meridian(server, "pipeline", "logs", id), what="the log is written")
    said = meridian(server, "pipeline", "logs", id)
    assert "as recorded" in said and f"{OTHER}: {shop.name}:live is version" in said
    # What it deployed is the folder's zip, the same on any day.
    digest = done["Stages"][0]["Output"]["code"]["CodeSha256"]
    for region in (HOME, OTHER):
        found = server.client("lambda", region).get_function(FunctionName=shop.name, Qualifier="live")
        assert found["Configuration"]["CodeSha256"] == digest
    # Again with the same commit: nothing new is published.
    again = answer(server, "pipeline", "rerun", id)
    comes_to(server, f"{shop.name}:2", "Waiting")
    meridian(server, "pipeline", "approve", f"{shop.name}:2")
    done = comes_to(server, f"{shop.name}:2", "Succeeded")
    assert again["Number"] == 2 and done["Commit"] == commit
    assert done["Stages"][0]["Output"]["code"]["CodeSha256"] == digest
    assert shop.live(HOME) == execution(server, id)["Stages"][4]["Output"][HOME][shop.name]
    # The vault has both.
    listed = answer(server, "pipeline", "list", shop.name)["Executions"]
    assert [one["Number"] for one in listed] == [2, 1]
    vault = server.data / HOME / "vault.git"
    wait_until(lambda: "Succeeded" in shop.git.run(
        "--git-dir", str(vault), "show", f"main:accounts/{server.account}/pipelines/{shop.name}/executions/2.json"),
        what="the vault follows")


def test_a_wrong_answer_stops_before_the_world(server, shop):
    shop.push()
    comes_to(server, f"{shop.name}:1", "Waiting")
    meridian(server, "pipeline", "reject", f"{shop.name}:1", "-m", "not yet")
    assert "not yet" in comes_to(server, f"{shop.name}:1", "Rejected")["Reason"]
    shop.git.commit(shop.tree, {**sources(2, name=shop.name), "tests/a.expected.json": json.dumps(
        {"greeting": "hello you", "build": 3})})
    shop.push()
    failed = comes_to(server, f"{shop.name}:2", "Failed")
    assert "/build: 2 instead of 3" in failed["Reason"]
    assert [stage["State"] for stage in failed["Stages"]][:4] == ["Succeeded", "Succeeded", "Failed", "Pending"]
    assert "is Failed" in refusal(server, "pipeline", "watch", f"{shop.name}:2")
    # A subset of the answer is enough where the file says so.
    shop.git.commit(shop.tree, {**sources(3, name=shop.name, match="subset", approve=False),
                                "tests/a.expected.json": json.dumps({"build": 3})})
    shop.push()
    comes_to(server, f"{shop.name}:3", "Succeeded")
    assert shop.says(OTHER)["build"] == 3


def test_a_package_is_built_in_a_sandbox(server, shop):
    package = {"folder": "src", "method": "makefile", "runtime": "python3.11"}
    files = sources(0, name=shop.name, approve=False)
    plan = stages(name=shop.name, approve=False)
    plan[0] = {"build": {"code": package}}
    files.update({"pipeline.yaml": pipeline_yaml(stages=plan), "src/template.py": HANDLER.replace("%d", "NUMBER"),
                  "src/Makefile": "build-code:\n\t{ echo \"GREETING = 'hello'\"; sed s/NUMBER/42/ template.py; }"
                                  " > $(ARTIFACTS_DIR)/handler.py\n",
                  "tests/a.expected.json": json.dumps({"greeting": "hello you", "build": 42})})
    shop.git.commit(shop.tree, files)
    shop.push()
    done = comes_to(server, f"{shop.name}:1", "Succeeded")
    assert shop.says(OTHER) == {"greeting": "hello x", "build": 42}
    found = server.client("lambda", HOME).get_function(FunctionName=shop.name, Qualifier="live")
    assert found["Configuration"]["CodeSha256"] == done["Stages"][0]["Output"]["code"]["CodeSha256"]
    # What a failing step prints is what the execution says.
    shop.git.commit(shop.tree, {**files, "src/Makefile": "build-code:\n\t@echo no such library >&2; exit 9\n"})
    shop.push()
    assert "no such library" in comes_to(server, f"{shop.name}:2", "Failed")["Reason"]


@pytest.mark.parametrize("text, reason", [
    (None, "no pipeline.yaml"),
    ("version: 1\nstages:\n  - deploi: {}\n", "pipeline.yaml:3:5: a stage has no member deploi"),
    ("version: 1\nstages:\n  - build: {a: {method: make}}\n", "pipeline.yaml:3:16: a package needs the member folder"),
    ("version: 1\nstages: [build: {a: nowhere}]\n", "nowhere")])
def test_what_cannot_be_done_is_said(server, git, text, reason):
    name = "bad-" + hashlib.sha256(repr(text).encode()).hexdigest()[:8]
    meridian(server, "repo", "create", name)
    meridian(server, "pipeline", "create", name, "--repository", name)
    tree = git.work_tree("tree", {"pipeline.yaml": text} if text else {"a": "b"})
    git.run("push", "-q", url_of(server, name), "main", at=tree)
    assert reason in comes_to(server, f"{name}:1", "Failed")["Reason"]
    meridian(server, "pipeline", "delete", name)
    assert "no pipeline" in refusal(server, "pipeline", "list", name)


def test_a_pipeline_is_checked_before_it_is_pushed(server, tmp_path):
    file = tmp_path / "pipeline.yaml"
    file.write_text(pipeline_yaml(stages=stages()))

    def check(*words):
        return subprocess.run([server.tool("meridian"), "pipeline", "check", str(file), *words], capture_output=True, text=True)
    shown = json.loads(check("--json").stdout)["Stages"]
    assert [stage["Kind"] for stage in shown] == ["build", "deploy", "test", "approve", "deploy", "promote"]
    assert f"f to {HOME}, then {OTHER}" in check().stdout
    file.write_text("version: 1\nstages:\n  - deploi: {}\n")
    assert "pipeline.yaml:3:5: a stage has no member deploi" in check().stderr


def test_only_its_branch_starts_a_pipeline(server, git):
    name = "branches"
    meridian(server, "repo", "create", name)
    tree = git.work_tree("tree", {"pipeline.yaml": "version: 1\nstages: [approve: ]\n"})
    git.run("push", "-q", url_of(server, name), "main", at=tree)
    meridian(server, "pipeline", "create", name, "--repository", name, "--branch", "release/1")
    git.run("push", "-q", url_of(server, name), "main:other", at=tree)
    assert "no branch" in refusal(server, "pipeline", "start", name)
    git.run("push", "-q", url_of(server, name), "main:release/1", "main:another", at=tree)
    comes_to(server, f"{name}:1", "Waiting")
    git.run("push", "-q", url_of(server, name), "main:third", at=tree)
    assert "abort it first" in refusal(server, "pipeline", "delete", name)
    meridian(server, "pipeline", "abort", f"{name}:1")
    assert len(answer(server, "pipeline", "list", name)["Executions"]) == 1
    assert "cannot" in refusal(server, "pipeline", "approve", f"{name}:1")


def runners(server):
    parent = server.meridiand_pid
    return [pid for pid, (up, _, command) in processes().items() if up == parent and "run-pipeline" in command]


def test_a_pipeline_survives_every_kill(start_server, git):
    from conftest import Functions
    server = start_server()
    shop = Shop(server, Functions(server), git, "f")
    commit = shop.push()
    # The server while a runner works, several times.
    for pause in (0.0, 0.3, 0.8):
        time.sleep(pause)
        server.kill9()
        server.start()
    comes_to(server, "f:1", "Waiting")
    # The server while it waits for a person.
    server.kill9()
    server.start()
    assert execution(server, "f:1")["State"] == "Waiting"
    meridian(server, "pipeline", "approve", "f:1")
    # The runner while it works: the bake between two waves gives it a second.
    killed = wait_until(lambda: runners(server), what="a runner")
    os.kill(killed[0], signal.SIGKILL)
    done = comes_to(server, "f:1", "Succeeded")
    assert done["Commit"] == commit and done["Number"] == 1
    assert all(stage["State"] == "Succeeded" for stage in done["Stages"])
    for region in (HOME, OTHER):
        assert shop.says(region)["build"] == 1
    assert len(answer(server, "pipeline", "list", "f")["Executions"]) == 1
    # A push that nobody noticed: the branch moved, and the server was gone.
    tip = shop.git.commit(shop.tree, sources(2, name="f", approve=False))
    folder = server.data / HOME / "repositories" / server.account / "f.git"
    shop.git.run("push", "-q", url_of(server, "f"), "main:refs/heads/side", at=shop.tree)
    server.stop()
    reference = folder / "refs/heads/main"
    reference.write_text(tip + "\n")
    with open(folder / "logs/refs/heads/main", "a") as log:
        arn = f"arn:aws:iam::{server.account}:root"
        log.write(f"{commit} {tip} {arn} <{server.account}> {int(time.time())} +0000\tpush\n")
    server.start()
    assert comes_to(server, "f:2", "Succeeded")["Commit"] == tip
    assert shop.says(OTHER)["build"] == 2


def test_it_may_do_what_the_pusher_may(server, shop):
    pusher = [{"Effect": "Allow", "Resource": "*", "Action": [
        "codecommit:GitPull", "codecommit:GitPush", "codepipeline:PutJobSuccessResult",
        "codepipeline:GetPipelineExecution"]}]
    user = a_user(server, pusher, "p-" + shop.name[:50])
    shop.push(user=user[0], password=user[1])
    failed = comes_to(server, f"{shop.name}:1", "Failed")
    assert failed["ByArn"].endswith("user/p-" + shop.name[:50])
    assert "lambda:GetFunctionConfiguration" in failed["Reason"] and "not authorized" in failed["Reason"]
    # With Lambda's rights, too, it comes to the gate; the pusher may not open it.
    server.client("iam").put_user_policy(UserName="p-" + shop.name[:50], PolicyName="more", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}]}))
    shop.git.commit(shop.tree, sources(2, name=shop.name))
    shop.push(user=user[0], password=user[1])
    comes_to(server, f"{shop.name}:2", "Waiting")
    import boto3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    import urllib.error
    import urllib.request

    def as_pusher(verb, body=b"{}"):
        url = f"{server.endpoint}/meridian/v1/pipelines/{shop.name}/executions/2/{verb}"
        asked = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
        SigV4Auth(boto3.Session(user[0], user[1]).get_credentials(), "meridian", HOME).add_auth(asked)
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, dict(asked.headers), method="POST")) as done:
                return done.status, done.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
    assert as_pusher("approve")[0] == 403
    # Nor walk past it by what runners say.
    for event in ({"Event": "BeginStage", "Stage": 3}, {"Event": "EndStage", "Stage": 3}, {"Event": "Finish"},
                  {"Event": "Begin"}, {"Event": "Approve"}):
        status, said = as_pusher("events", json.dumps(event).encode())
        assert status in (400, 409), (event, said)
    assert execution(server, f"{shop.name}:2")["State"] == "Waiting"
    # Who is gone carries nothing on.
    server.client("iam").delete_access_key(UserName="p-" + shop.name[:50], AccessKeyId=user[0])
    for policy in ("p", "more"):
        server.client("iam").delete_user_policy(UserName="p-" + shop.name[:50], PolicyName=policy)
    server.client("iam").delete_user(UserName="p-" + shop.name[:50])
    meridian(server, "pipeline", "approve", f"{shop.name}:2")
    assert "cannot go on" in comes_to(server, f"{shop.name}:2", "Failed")["Reason"]


def test_an_abort_ends_it_at_its_next_step(server, shop):
    shop.git.commit(shop.tree, {"pipeline.yaml": pipeline_yaml(stages=[
        {"build": {"code": "src"}},
        {"deploy": {"functions": {shop.name: "code"}, "waves": [[HOME], [OTHER]], "bake": 600}}])})
    shop.push()
    wait_until(lambda: f"{HOME}: {shop.name} is version" in meridian(server, "pipeline", "logs", f"{shop.name}:1"),
               seconds=60, what="the first wave")
    meridian(server, "pipeline", "abort", f"{shop.name}:1", "-m", "enough")
    assert "enough" in execution(server, f"{shop.name}:1")["Reason"]
    wait_until(lambda: not runners(server), seconds=30, what="the end of the runner")
    versions = server.client("lambda", OTHER).list_versions_by_function(FunctionName=shop.name)["Versions"]
    assert [one["Version"] for one in versions] == ["$LATEST"]


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: none}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: %(name)s
      CodeUri: ../src
      Handler: handler.handler
      Runtime: python3.11
      AutoPublishAlias: live
      DeploymentPreference: {Type: %(shift)s}
      Environment: {Variables: {GREETING: !Ref Greeting}}
"""
SAYS = "import os\n\n\ndef handler(event, context):\n    return {'greeting': os.environ['GREETING'], 'build': %d}\n"


class StackOfShop(Shop):
    """A pipeline whose deploy is a template's; there are no functions beforehand."""

    def __init__(self, server, git, name):
        self.server, self.git, self.name = server, git, name
        meridian(server, "repo", "create", name)
        meridian(server, "pipeline", "create", name, "--repository", name)
        self.tree = git.work_tree("tree-" + name, self.sources(1))

    def sources(self, build, shift="AllAtOnce", greeting="hello"):
        return {"infra/template.yaml": TEMPLATE % {"name": self.name, "shift": shift}, "src/handler.py": SAYS % build,
                "pipeline.yaml": pipeline_yaml(stages=[
                    {"deploy": {"template": "infra", "stack": self.name, "parameters": {"Greeting": greeting},
                                "waves": [[HOME], [OTHER]]}},
                    {"promote": {"baseline": True}}])}

    def push_build(self, build, **more):
        self.git.commit(self.tree, self.sources(build, **more))
        return self.push()

    def weights(self, region):
        alias = self.server.client("lambda", region).get_alias(FunctionName=self.name, Name="live")
        return alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def test_a_push_deploys_a_template(server, git):
    shop = StackOfShop(server, git, "templated")
    commit = shop.push()
    done = comes_to(server, "templated:1", "Succeeded")
    for region in (HOME, OTHER):
        assert shop.says(region) == {"greeting": "hello", "build": 1}
        assert answer(server, "baseline", "show", "templated.1", region=region)["Name"] == "templated.1"
    assert done["Stages"][0]["Output"] == {HOME: {"templated": "1"}, OTHER: {"templated": "1"}}
    rollout = done["Stages"][0]["Message"].split()[-1]
    shown = answer(server, "rollout", "show", rollout)
    assert shown["State"] == "Succeeded" and shown["Stack"] == "templated"
    said = meridian(server, "pipeline", "logs", "templated:1")
    assert rollout in said and "templated.1" in said
    # The same commit again changes nothing; another one does.
    meridian(server, "pipeline", "rerun", "templated:1")
    assert "nothing to change" in comes_to(server, "templated:2", "Succeeded")["Stages"][0]["Message"]
    shop.push_build(2, greeting="salut")
    comes_to(server, "templated:3", "Succeeded")
    assert shop.says(OTHER) == {"greeting": "salut", "build": 2}
    # Removing the function from the template removes it, and a mistake says where.
    shop.git.commit(shop.tree, {
        "infra/template.yaml": "Parameters: {Greeting: {Type: String}}\nResources:\n  A: {Type: AWS::Not::There}\n"})
    shop.push()
    assert "infra/template.yaml:3:" in comes_to(server, "templated:4", "Failed")["Reason"]
    assert shop.says(HOME)["build"] == 2
    # Runners leave nothing behind.
    left = [path for path in (server.data / HOME / "pipeline-runners").rglob("*") if path.is_file()]
    assert commit and wait_until(lambda: not runners(server), what="the end of runners") and left == []


def test_a_killed_runner_is_followed_by_one_that_finishes_its_rollout(start_server, git):
    server = start_server()
    shop = StackOfShop(server, git, "g")
    shop.push()
    comes_to(server, "g:1", "Succeeded")
    shop.push_build(2, shift="Linear50PercentEvery5Seconds")
    wait_until(lambda: shop.weights(HOME), seconds=60, every=0.05, what="the shift begins")
    os.kill(wait_until(lambda: runners(server), what="a runner")[0], signal.SIGKILL)
    time.sleep(0.5)
    server.kill9()
    server.start()
    done = comes_to(server, "g:2", "Succeeded")
    for region in (HOME, OTHER):
        assert shop.says(region)["build"] == 2 and not shop.weights(region)
        versions = server.client("lambda", region).list_versions_by_function(FunctionName="g")["Versions"]
        assert [one["Version"] for one in versions] == ["$LATEST", "1", "2"]
    rollouts = answer(server, "rollout", "list")["Rollouts"]
    assert len(rollouts) == 2 and all(one["State"] == "Succeeded" for one in rollouts), rollouts
    assert done["Stages"][0]["Output"] == {HOME: {"g": "2"}, OTHER: {"g": "2"}}


def test_an_abort_takes_the_rollout_back(server, git):
    shop = StackOfShop(server, git, "aborted")
    shop.push()
    comes_to(server, "aborted:1", "Succeeded")
    shop.push_build(2, shift="Canary10Percent10Minutes")
    wait_until(lambda: shop.weights(HOME), seconds=60, every=0.05, what="the shift begins")
    meridian(server, "pipeline", "abort", "aborted:2", "-m", "enough")
    wait_until(lambda: not runners(server), seconds=60, what="the end of the runner")
    assert execution(server, "aborted:2")["State"] == "Aborted"
    assert shop.says(HOME)["build"] == 1 and not shop.weights(HOME)
    rollouts = answer(server, "rollout", "list")["Rollouts"]
    assert [one["State"] for one in rollouts if one["Stack"] == "aborted"].count("Aborted") == 1
