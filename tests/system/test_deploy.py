"""Deploys: templates to regions by waves, shifts of traffic, rollbacks, aborts, and executions that are cut short."""

import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from command_line import answer, command, meridian, refusal, run
from meridian_server import MeridianServer, has_runtime, wait_until

FIRST, SECOND = "us-east-1", "sa-east-1"
REGIONS = f"{FIRST},{SECOND}"
TEMPLATES = pathlib.Path(__file__).resolve().parent.parent / "deploy/templates"


@pytest.fixture(scope="module")
def server():
    with MeridianServer(regions=(FIRST, SECOND)) as started:
        yield started


def start(server, *words):
    return subprocess.Popen(command(server, *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=server.environment())


TEMPLATE = """
AWSTemplateFormatVersion: '2010-09-09'
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
      %s
%s
Outputs:
  Name: {Value: !Ref App}
  Live: {Value: !Ref App.Alias}
"""
SHIFT = "DeploymentPreference: {Type: %s%s}"


class Project:
    """A template with one function that answers with its revision."""

    def __init__(self, folder, stack):
        self.folder, self.stack = folder, stack
        (folder / "src").mkdir()
        self.write()

    def write(self, revision="one", shift=None, more="", hooks=""):
        source = f"def handler(event, context):\n    return {json.dumps(revision)}\n"
        if revision == "broken":
            source = "def handler(event, context):\n    raise ValueError('broken')\n"
        (self.folder / "src/app.py").write_text(source)
        self.template(SHIFT % (shift, hooks) if shift else "", more)

    def template(self, preference="", more=""):
        (self.folder / "template.yaml").write_text(TEMPLATE % (preference, more))

    def words(self, *more, regions=REGIONS):
        return ("deploy", self.folder, "--stack", self.stack, "--regions", regions, *more)


@pytest.fixture
def project(tmp_path, request, server):
    made = Project(tmp_path, "s-" + request.node.name.replace("_", "-").split("[")[0][:50] + "-" + os.urandom(3).hex())
    yield made


def outputs(server, stack, region=FIRST):
    return answer(server, "stack", "show", stack, "--regions", region)["Stack"][region]["Outputs"]


def invoke(server, name, region=FIRST, qualifier="live"):
    return json.loads(server.client("lambda", region=region).invoke(FunctionName=name, Qualifier=qualifier)["Payload"].read())


def alias(server, name, region=FIRST):
    return server.client("lambda", region=region).get_alias(FunctionName=name, Name="live")


def state_of(server, rollout):
    return answer(server, "rollout", "show", rollout)["State"]


def rollouts(server, stack, region=FIRST):
    return [each for each in answer(server, "rollout", "list", "--regions", region)["Rollouts"] if each["Stack"] == stack]


def test_a_template_deploys_to_every_region_and_answers(server, project):
    plan = meridian(server, *project.words("--dry-run"))
    assert "+ Lambda Function App" in plan and FIRST in plan and SECOND in plan
    assert rollouts(server, project.stack) == []
    assert "give --yes" in refusal(server, *project.words())

    told = meridian(server, *project.words("--yes"))
    assert "Succeeded" in told and "To undo it: meridian stack delete" in told
    for region in (FIRST, SECOND):
        name = outputs(server, project.stack, region)["Name"]
        assert name.startswith(project.stack[:20]) and invoke(server, name, region) == "one"
    listed = answer(server, "stack", "list", "--regions", REGIONS)["Stacks"]
    assert all(project.stack in [each["Name"] for each in listed[region]] for region in (FIRST, SECOND))


def test_the_same_input_changes_nothing(server, project):
    meridian(server, *project.words("--yes"))
    before = len(rollouts(server, project.stack))
    os.utime(project.folder / "src/app.py", (1, 1))
    assert "nothing to change" in meridian(server, *project.words("--yes"))
    assert answer(server, *project.words("--dry-run"))["Plan"] == {FIRST: [], SECOND: []}
    assert len(rollouts(server, project.stack)) == before


def test_an_update_shows_what_changes_and_publishes_only_for_code(server, project):
    meridian(server, *project.words("--yes"))
    name = outputs(server, project.stack)["Name"]
    plan = meridian(server, *project.words("--dry-run", "--parameter", "Memory=256"))
    assert "MemorySize: 128 → 256" in plan and "Version" not in plan
    meridian(server, *project.words("--yes", "--parameter", "Memory=256"))
    assert alias(server, name)["FunctionVersion"] == "1"
    project.write("two")
    meridian(server, *project.words("--yes", "--parameter", "Memory=256"))
    assert alias(server, name)["FunctionVersion"] == "2" and invoke(server, name) == "two"
    api = server.client("lambda")
    assert api.get_function_configuration(FunctionName=name)["MemorySize"] == 256


def test_removing_a_resource_removes_it(server, project):
    more = """  Other:
    Type: AWS::Serverless::Function
    Properties: {Handler: index.handler, Runtime: python3.11, InlineCode: "def handler(e, c): return 1"}
"""
    project.write(more=more)
    meridian(server, *project.words("--yes", regions=FIRST))
    api = server.client("lambda")
    other = [f for f in api.list_functions(MaxItems=50)["Functions"] if f["FunctionName"].startswith(project.stack[:20] + "")
             and "Other" in f["FunctionName"] and project.stack in f["FunctionName"]]
    resources = answer(server, "stack", "show", project.stack)["Stack"][FIRST]["Resources"]
    name = next(r["PhysicalId"] for r in resources if r["LogicalId"] == "Other")
    role = next(r["PhysicalId"] for r in resources if r["LogicalId"] == "OtherRole")
    assert invoke(server, name, qualifier="$LATEST") == 1
    project.write()
    assert "- Lambda Function Other" in meridian(server, *project.words("--dry-run", regions=FIRST))
    meridian(server, *project.words("--yes", regions=FIRST))
    with pytest.raises(api.exceptions.ResourceNotFoundException):
        api.get_function(FunctionName=name)
    with pytest.raises(Exception, match="NoSuchEntity"):
        server.client("iam").get_role(RoleName=role)


def test_deleting_a_stack_removes_everything(server, project):
    meridian(server, *project.words("--yes"))
    names = {region: outputs(server, project.stack, region)["Name"] for region in (FIRST, SECOND)}
    assert "- Lambda Function App" in meridian(server, "stack", "delete", project.stack, "--regions", REGIONS, "--dry-run")
    meridian(server, "stack", "delete", project.stack, "--regions", REGIONS, "--yes")
    for region, name in names.items():
        api = server.client("lambda", region=region)
        with pytest.raises(api.exceptions.ResourceNotFoundException):
            api.get_function(FunctionName=name)
    assert "There is no stack" in refusal(server, "stack", "show", project.stack, "--regions", REGIONS)


def test_drift_is_shown_and_taken_back(server, project):
    meridian(server, *project.words("--yes", regions=FIRST))
    name = outputs(server, project.stack)["Name"]
    assert "nothing was changed by hand" in meridian(server, "stack", "drift", project.stack)
    api = server.client("lambda")
    api.update_function_configuration(FunctionName=name, Timeout=77)
    api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    api.get_waiter("function_updated_v2").wait(FunctionName=name)
    shown = run(server, "stack", "drift", project.stack, timeout=60)
    assert shown.returncode == 1 and "Timeout: 3 → 77" in shown.stdout and "ReservedConcurrentExecutions" in shown.stdout
    assert "Timeout: 3 → 77" in meridian(server, *project.words("--drift", regions=FIRST))
    assert "changed by hand: Timeout: 3 → 77" in meridian(server, *project.words("--dry-run", regions=FIRST))
    meridian(server, *project.words("--yes", regions=FIRST))
    assert api.get_function_configuration(FunctionName=name)["Timeout"] == 3
    assert "ReservedConcurrentExecutions" not in api.get_function_concurrency(FunctionName=name)


def test_a_canary_shifts_weights_and_ends(server, project):
    meridian(server, *project.words("--yes"))
    name = outputs(server, project.stack)["Name"]
    project.write("two", shift="Canary50Percent4Seconds")
    running = start(server, *project.words("--yes"))
    wait_until(lambda: alias(server, name).get("RoutingConfig", {}).get("AdditionalVersionWeights") == {"2": 0.5},
               seconds=60, what="half of the traffic is on the new version")
    assert alias(server, name)["FunctionVersion"] == "1"
    told, _ = running.communicate(timeout=120)
    assert running.returncode == 0, told
    assert "50% of the traffic to version 2" in told and "100% of the traffic" in told
    for region in (FIRST, SECOND):
        own = outputs(server, project.stack, region)["Name"]
        now = alias(server, own, region)
        assert now["FunctionVersion"] == "2" and not now.get("RoutingConfig"), now
        assert invoke(server, own, region) == "two"


def test_waves_follow_each_other_and_a_failure_stops_them(server, project):
    meridian(server, *project.words("--yes"))
    project.write("two")
    told = meridian(server, *project.words("--yes", "--waves", f"{SECOND};{FIRST}", "--bake", "1"))
    assert told.index(f"{SECOND}: update Lambda Function") < told.index(f"{FIRST}: update Lambda Function")
    # In the second wave an alias is in the way that nobody knew of when it was planned.
    name = outputs(server, project.stack)["Name"]
    project.write("three", shift="Canary10Percent30Seconds")
    running = start(server, *project.words("--yes", "--waves", f"{SECOND};{FIRST}", "--rollback-earlier-waves"))
    own = outputs(server, project.stack, SECOND)["Name"]
    wait_until(lambda: alias(server, own, SECOND).get("RoutingConfig"), seconds=60, what="the first wave shifts")
    server.client("lambda", region=SECOND).delete_alias(FunctionName=own, Name="live")
    told, _ = running.communicate(timeout=120)
    assert running.returncode == 1 and "RolledBack" in told or "RollbackFailed" in told, told
    assert alias(server, name)["FunctionVersion"] == "2"
    assert alias(server, own, SECOND)["FunctionVersion"] == "2"


HOOK = """  Check:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Runtime: python3.11
      InlineCode: |
        def handler(event, context):
            %s
"""


def test_a_hook_that_raises_turns_it_back(server, project):
    meridian(server, *project.words("--yes"))
    name = outputs(server, project.stack)["Name"]
    project.write("two", shift="Canary50Percent30Seconds", hooks=", Hooks: {PreTraffic: !Ref Check}",
                  more=HOOK % "raise ValueError('no')")
    told = refusal(server, *project.words("--yes"))
    assert "RolledBack" in told
    last = rollouts(server, project.stack)[-1]
    assert "the hook" in last["Summary"]["Regions"][FIRST]["Failure"]
    assert alias(server, name)["FunctionVersion"] == "1" and invoke(server, name) == "one"


def test_a_hook_answers_through_codedeploy(server, project):
    """The hook itself has no way out here: the test answers for it, with boto3."""
    from botocore.exceptions import ClientError
    meridian(server, *project.words("--yes", regions=FIRST))
    name = outputs(server, project.stack)["Name"]
    project.write("two", shift="AllAtOnce", hooks=", Hooks: {PreTraffic: !Ref Check}", more=HOOK % "print(event)")
    running = start(server, *project.words("--yes", regions=FIRST))
    last = wait_until(lambda: [r for r in rollouts(server, project.stack) if r["Hooks"]], seconds=60,
                      what="the hook was called")[-1]
    hook = next(iter(last["Hooks"]))
    deploys = server.client("codedeploy")
    with pytest.raises(ClientError, match="InvalidLifecycleEventHookExecutionIdException"):
        deploys.put_lifecycle_event_hook_execution_status(deploymentId=last["Id"], status="Succeeded",
                                                          lifecycleEventHookExecutionId="another")
    with pytest.raises(ClientError, match="DeploymentDoesNotExistException"):
        deploys.put_lifecycle_event_hook_execution_status(deploymentId="d-000000000", status="Succeeded",
                                                          lifecycleEventHookExecutionId=hook)
    with pytest.raises(ClientError, match="InvalidLifecycleEventHookExecutionStatusException"):
        deploys.put_lifecycle_event_hook_execution_status(deploymentId=last["Id"], status="Pending",
                                                          lifecycleEventHookExecutionId=hook)
    time.sleep(1)
    assert alias(server, name)["FunctionVersion"] == "1"
    done = deploys.put_lifecycle_event_hook_execution_status(deploymentId=last["Id"], status="Succeeded",
                                                             lifecycleEventHookExecutionId=hook)
    assert done["lifecycleEventHookExecutionId"] == hook
    told, _ = running.communicate(timeout=120)
    assert running.returncode == 0, told
    assert alias(server, name)["FunctionVersion"] == "2"


def test_hooks_need_the_permission(server):
    import boto3
    from botocore.exceptions import ClientError
    iam = server.client("iam")
    iam.create_user(UserName="hookless")
    key = iam.create_access_key(UserName="hookless")["AccessKey"]
    stranger = boto3.client("codedeploy", region_name=FIRST, endpoint_url=server.endpoint,
                            aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    call = dict(deploymentId="d-000000000", lifecycleEventHookExecutionId="x", status="Succeeded")
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.put_lifecycle_event_hook_execution_status(**call)
    iam.put_user_policy(UserName="hookless", PolicyName="hooks", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "codedeploy:PutLifecycleEventHookExecutionStatus", "Resource": "*"}]}))
    with pytest.raises(ClientError, match="DeploymentDoesNotExist"):
        stranger.put_lifecycle_event_hook_execution_status(**call)


@pytest.mark.parametrize("phase", ["Shifting", "Baking"])
def test_an_abort_goes_back(server, project, phase):
    meridian(server, *project.words("--yes"))
    name = outputs(server, project.stack)["Name"]
    project.write("two", shift="Canary50Percent60Seconds" if phase == "Shifting" else None)
    running = start(server, *project.words("--yes", "--bake", "60"))
    last = wait_until(lambda: [r for r in rollouts(server, project.stack) if r["State"] == "InProgress" and
                               r["Summary"]["Regions"][FIRST]["Phase"] == phase], seconds=60, what=phase)[0]
    meridian(server, "rollout", "abort", last["Id"])
    told, _ = running.communicate(timeout=120)
    assert running.returncode == 1 and "Aborted" in told, told
    assert state_of(server, last["Id"]) == "Aborted"
    for region in (FIRST, SECOND):
        own = outputs(server, project.stack, region)["Name"]
        assert alias(server, own, region)["FunctionVersion"] == "1" and invoke(server, own, region) == "one"
    assert "is over" in refusal(server, "rollout", "abort", last["Id"])
    assert name


def lease_is_over(server, rollout, region=FIRST):
    shown = answer(server, "rollout", "show", rollout, "--regions", region)
    from datetime import datetime, timezone
    return datetime.fromisoformat(shown["LeaseExpires"].replace("Z", "+00:00")) < datetime.now(timezone.utc)


def finish(server, project):
    """Finishes what was cut short, if it had begun; whether it went forward."""
    left = [(region, each) for region in (FIRST, SECOND) for each in rollouts(server, project.stack, region)
            if each["State"] == "InProgress"]
    if not left:
        return False
    region, last = left[0]
    over = lambda: lease_is_over(server, last["Id"], region)
    wait_until(over, seconds=60, every=0.5, what="the end of the lease")
    done = run(server, "rollout", "resume", last["Id"], "--regions", region)
    # One that was killed before its packages were there goes back: nothing had been changed.
    state = state_of(server, last["Id"])
    assert state in ("Succeeded", "RolledBack"), done.stdout + done.stderr
    return state == "Succeeded"


def test_a_killed_command_line_is_finished_by_another(server, project):
    meridian(server, *project.words("--yes"))
    names = {region: outputs(server, project.stack, region)["Name"] for region in (FIRST, SECOND)}
    finished = 0
    for round_, delay in enumerate((0.05, 0.2, 0.5, 1, 2, 3)):
        project.write(f"round {round_}", shift="Canary50Percent1Second")
        running = start(server, *project.words("--yes", "--bake", "1"))
        time.sleep(delay)
        running.kill()
        running.communicate()
        if finish(server, project):
            finished += 1
        else:
            meridian(server, *project.words("--yes"))
        for region, name in names.items():
            assert invoke(server, name, region) == f"round {round_}"
            assert not alias(server, name, region).get("RoutingConfig")
    assert finished > 0


def test_another_deploy_of_the_stack_is_refused_meanwhile(server, project):
    meridian(server, *project.words("--yes"))
    project.write("two", shift="Canary50Percent30Seconds")
    running = start(server, *project.words("--yes"))
    last = wait_until(lambda: [r for r in rollouts(server, project.stack) if r["State"] == "InProgress"], seconds=60,
                      what="it has begun")[0]
    assert last["Id"] in refusal(server, *project.words("--yes"))
    assert "is driven by" in refusal(server, "rollout", "resume", last["Id"])
    meridian(server, "rollout", "abort", last["Id"])
    running.communicate(timeout=60)


def test_a_killed_server_is_resumed(project):
    with MeridianServer(regions=(FIRST, SECOND)) as own:
        meridian(own, *project.words("--yes"))
        project.write("two", shift="Canary50Percent5Seconds")
        running = start(own, *project.words("--yes"))
        name = outputs(own, project.stack)["Name"]
        wait_until(lambda: alias(own, name).get("RoutingConfig"), seconds=60, what="it shifts")
        own.kill9()
        running.communicate(timeout=120)
        assert running.returncode == 1
        own.start()
        left = [each for each in rollouts(own, project.stack) if each["State"] == "InProgress"]
        assert len(left) == 1
        wait_until(lambda: lease_is_over(own, left[0]["Id"]), seconds=60, every=0.5, what="the end of the lease")
        run(own, "rollout", "resume", left[0]["Id"], timeout=120)
        assert state_of(own, left[0]["Id"]) in ("Succeeded", "RolledBack")
        version = alias(own, name)["FunctionVersion"]
        for region in (FIRST, SECOND):
            other = outputs(own, project.stack, region)["Name"]
            assert alias(own, other, region)["FunctionVersion"] == version
            assert not alias(own, other, region).get("RoutingConfig")


def test_a_commit_deploys_what_was_committed(server, project):
    def git(*words):
        subprocess.run(["git", "-C", project.folder, "-c", "user.name=t", "-c", "user.email=t@example.com", *words],
                       check=True, capture_output=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"})
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("tag", "v1")
    project.write("not committed")
    meridian(server, "deploy", f"{project.folder}#v1", "--stack", project.stack, "--regions", FIRST, "--yes")
    shown = answer(server, "stack", "show", project.stack)["Stack"][FIRST]
    assert invoke(server, shown["Outputs"]["Name"]) == "one"
    commit = subprocess.run(["git", "-C", project.folder, "rev-parse", "v1"], capture_output=True, text=True).stdout.strip()
    assert shown["Source"]["Commit"] == commit and shown["Source"]["Ref"] == "v1"


def test_secrets_stay_out_of_the_database_and_the_output(server, project):
    text = "swordfish-" + os.urandom(6).hex()
    more = f"""  Other:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Runtime: python3.11
      InlineCode: "def handler(e, c): return 1"
      Environment: {{Variables: {{SECRET: {text}}}}}
"""
    project.write(more=more)
    told = meridian(server, *project.words("--yes", regions=FIRST))
    shown = meridian(server, *project.words("--dry-run", "--json", regions=FIRST))
    assert text not in told + shown
    for path in (server.data / FIRST).rglob("*"):
        if path.is_file() and ".db" in path.name:
            assert text.encode() not in path.read_bytes(), path


KINDS = {"hello-world": ["--ignore-foreign"], "plain-cloudformation": [], "shared-layer": [], "cron-job": [], "fan-out": [],
         "fleet": [], "kinesis-consumer": [], "s3-thumbnailer": ["--ignore-foreign"], "sqs-worker": [], "stages": [],
         "webhook": [], "rolling-alias": ["--ignore-foreign"], "canary": ["--parameter", "Shift=AllAtOnce"]}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_kinds_of_public_projects_deploy_and_answer(server, kind, tmp_path):
    stack = "kind-" + kind
    folder = tmp_path / kind
    shutil.copytree(TEMPLATES / kind, folder)
    told = meridian(server, "deploy", folder, "--stack", stack, "--regions", FIRST, "--yes", *KINDS[kind])
    assert "Succeeded" in told
    resources = answer(server, "stack", "show", stack)["Stack"][FIRST]["Resources"]
    functions = [r["PhysicalId"] for r in resources if r["Type"] == "AWS::Lambda::Function"]
    assert functions
    api = server.client("lambda")
    answered = 0
    for name in functions:
        if not has_runtime(api.get_function_configuration(FunctionName=name)["Runtime"]):
            continue
        done = api.invoke(FunctionName=name, Payload=json.dumps(EVENTS.get(kind, {})))
        assert done["StatusCode"] == 200
        if name.startswith("CodeDeployHook_") or "Check" in name:
            continue  # a hook alone has nothing to check
        assert "FunctionError" not in done, (name, done["Payload"].read())
        answered += 1
    assert answered
    assert "nothing to change" in meridian(server, "deploy", folder, "--stack", stack, "--regions", FIRST, "--yes", *KINDS[kind])
    meridian(server, "stack", "delete", stack, "--yes")


EVENTS = {"sqs-worker": {"Records": []}, "kinesis-consumer": {"Records": []}, "s3-thumbnailer": {"Records": []}}


def test_a_function_url_of_a_stack_answers(server, tmp_path):
    shutil.copytree(TEMPLATES / "webhook", tmp_path / "w")
    meridian(server, "deploy", tmp_path / "w", "--stack", "webhook-url", "--regions", FIRST, "--yes")
    url = outputs(server, "webhook-url")["Url"]
    assert ".lambda-url." in url


@pytest.mark.skipif(not has_runtime("provided.al2023"), reason="needs the runtime provided.al2023")
def test_a_custom_runtime_is_built_and_answers(server):
    words = ("deploy", TEMPLATES / "custom-runtime", "--stack", "custom", "--regions", REGIONS, "--yes")
    assert "building ShellFunction (makefile)" in meridian(server, *words)
    for region in (FIRST, SECOND):
        shown = answer(server, "stack", "show", "custom", "--regions", region)["Stack"][region]
        name = next(one["PhysicalId"] for one in shown["Resources"] if one["LogicalId"] == "ShellFunction")
        answered = server.client("lambda", region=region).invoke(FunctionName=name, Payload=b'{"a": 1}')
        assert json.loads(answered["Payload"].read()) == {"echo": {"a": 1}, "runtime": "shell"}
    assert "nothing to change" in meridian(server, *words)  # the same sources, the same package


def test_what_regions_do_not_build_is_refused_before_anything_changes(server, tmp_path):
    shutil.copytree(TEMPLATES / "custom-runtime", tmp_path / "c")
    (tmp_path / "c/src/pom.xml").write_text("<project/>")
    text = (tmp_path / "c/template.yaml").read_text()
    (tmp_path / "c/template.yaml").write_text(text.replace("makefile", "java17"))
    told = refusal(server, "deploy", tmp_path / "c", "--stack", "needs-build", "--regions", FIRST, "--yes")
    assert "sam build" in told and "template.yaml:" in told
    assert rollouts(server, "needs-build") == []
