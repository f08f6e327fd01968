"""Alarms that guard rollouts: traffic flows through the alias while it shifts, in both regions. An alarm that goes on takes
every region of the wave back, and one that has no data does not pass for health."""

import json
import os
import subprocess
import threading
import time

import pytest

from command_line import answer, outcome
from meridian_server import MeridianServer, wait_until

FIRST, SECOND = "us-east-1", "sa-east-1"
REGIONS = f"{FIRST},{SECOND}"

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  App:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.11
      AutoPublishAlias: live
      DeploymentPreference:
        Type: %(shift)s
        Alarms: [!Ref NewVersionFails]
  NewVersionFails:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/Lambda
      MetricName: Errors
      Dimensions:
        - {Name: FunctionName, Value: !Ref App}
        - {Name: Resource, Value: !Sub "${App}:live"}
        - {Name: ExecutedVersion, Value: !GetAtt App.Version.Version}
      Statistic: Sum
      Period: 1
      EvaluationPeriods: %(periods)s
      DatapointsToAlarm: 1
      Threshold: 0
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: %(missing)s
Outputs:
  Name: {Value: !Ref App}
"""
HANDLER = """
import os
def handler(event, context):
    if os.environ["AWS_REGION"] in %s:
        raise ValueError("broken")
    return %s
"""


@pytest.fixture(scope="module")
def server():
    with MeridianServer(regions=(FIRST, SECOND)) as started:
        yield started


class Project:
    """A function with an alarm on the errors of its newest version."""

    def __init__(self, server, folder):
        self.server, self.folder, self.stack = server, folder, "a-" + os.urandom(4).hex()
        (folder / "src").mkdir()
        self.write("one")
        assert "Succeeded" in self.deploy()[1]
        self.names = {region: self.told("stack", "show", self.stack, region=region)["Stack"][region]["Outputs"]["Name"]
                      for region in (FIRST, SECOND)}

    def write(self, revision, *, broken_in=(), shift="AllAtOnce", missing="missing", periods=3):
        (self.folder / "src/app.py").write_text(HANDLER % (list(broken_in), json.dumps(revision)))
        (self.folder / "template.yaml").write_text(TEMPLATE % dict(shift=shift, missing=missing, periods=periods))

    def told(self, *words, region=FIRST):
        return answer(self.server, *words, region=region)

    def deploy(self, *more):
        return outcome(self.server, "deploy", self.folder, "--stack", self.stack, "--regions", REGIONS, "--yes", *more)

    def last_rollout(self, region=FIRST):
        return [each for each in self.told("rollout", "list", region=region)["Rollouts"] if each["Stack"] == self.stack][-1]

    def alias(self, region):
        return self.server.client("lambda", region=region).get_alias(FunctionName=self.names[region], Name="live")

    def versions(self, region):
        listed = self.server.client("lambda", region=region).list_versions_by_function(FunctionName=self.names[region])
        return [each["Version"] for each in listed["Versions"]]


@pytest.fixture
def project(server, tmp_path):
    return Project(server, tmp_path)


class Traffic:
    """Calls the alias in each region until the block ends; counts what each version answered."""

    def __init__(self, project, regions=(FIRST, SECOND)):
        self.project, self.regions, self.ended = project, regions, threading.Event()
        self.answers = {region: {} for region in regions}

    def __enter__(self):
        self.threads = [threading.Thread(target=self.call, args=(region,)) for region in self.regions]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def call(self, region):
        api = self.project.server.client("lambda", region=region)
        while not self.ended.wait(0.03):
            done = api.invoke(FunctionName=self.project.names[region], Qualifier="live", Payload=b"{}")
            key = (done["ExecutedVersion"], "error" if "FunctionError" in done else json.loads(done["Payload"].read()))
            self.answers[region][key] = self.answers[region].get(key, 0) + 1


def git(server, region, *words):
    environment = {**os.environ, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    return subprocess.run(["git", "-C", str(server.data / region / "vault.git"), *words], check=True, text=True,
                          capture_output=True, env=environment).stdout


def in_git(project, region, path):
    """What stands in the region's vault once it has followed everything."""
    server = project.server
    wait_until(lambda: project.told("backup", "status", region=region)["Behind"] == 0, what="the vault follows")
    return json.loads(git(server, region, "show", f"main:accounts/{server.account}/{path}"))


def assert_went_back(project, rollout, why):
    """Every region stands as before, says so, and so does its git."""
    for region in (FIRST, SECOND):
        name = project.names[region]
        alias = project.alias(region)
        assert alias["FunctionVersion"] == "1" and not alias.get("RoutingConfig"), (region, alias)
        assert "2" not in project.versions(region)
        shown = project.told("rollout", "show", rollout, "--regions", region)
        assert shown["State"] == "RolledBack"
        assert {each["Phase"] for each in shown["Summary"]["Regions"].values()} == {"RolledBack"}
        kept = in_git(project, region, f"functions/{name}/aliases/live.json")
        assert kept["version"] == 1 and "additional" not in kept, kept
        assert in_git(project, region, f"rollouts/{rollout}.json")["State"] == "RolledBack"
        # Not rewritten: the weights that it had are history.
        log = git(project.server, region, "log", "-p", "--format=", "main", "--",
                  f"accounts/{project.server.account}/functions/{name}/aliases/live.json")
        assert '+    "weight": 0.5' in log and '-    "weight": 0.5' in log, log
    status, text = outcome(project.server, "rollout", "show", rollout)
    assert status == 0 and "RolledBack" in text and why in text, text


def test_an_alarm_in_one_region_takes_every_region_back(project):
    project.write("two", broken_in=[SECOND], shift="Canary50Percent60Seconds")
    begun = time.monotonic()
    with Traffic(project) as traffic:
        status, told = project.deploy()
        taken = time.monotonic() - begun
        assert status == 1 and "RolledBack" in told, told
        # What callers get now is what worked.
        after = {region: dict(answers) for region, answers in traffic.answers.items()}
        wait_until(lambda: all(sum(answers.values()) > sum(after[region].values()) + 5
                               for region, answers in traffic.answers.items()), what="more calls")
    assert taken < 60, "it did not wait for the end of the shift"
    assert traffic.answers[SECOND].get(("2", "error"), 0) > 0 and traffic.answers[SECOND].get(("1", "one"), 0) > 0
    assert traffic.answers[FIRST].get(("2", "two"), 0) > 0, "the other region did shift"
    rollout = project.last_rollout()
    failures = {region: part["Failure"] for region, part in rollout["Summary"]["Regions"].items()}
    assert "the alarm" in failures[SECOND] and "is on" in failures[SECOND], failures
    assert SECOND in failures[FIRST] and "failed" in failures[FIRST], failures
    assert_went_back(project, rollout["Id"], "is on")
    # The next deploy, of what works, goes through.
    project.write("three", shift="Canary50Percent4Seconds")
    with Traffic(project):
        status, told = project.deploy()
    assert status == 0 and "Succeeded" in told and "unproven" not in told, told


def test_no_data_is_not_healthy(project):
    project.write("two", shift="Canary50Percent4Seconds")
    status, told = project.deploy()
    assert status == 1 and "RolledBack" in told, told
    rollout = project.last_rollout()
    # Both have none: the one that sees it first takes the other back.
    failures = [region["Failure"] for region in rollout["Summary"]["Regions"].values()]
    assert any("has no data" in failure for failure in failures), failures
    assert_went_back(project, rollout["Id"], "has no data")


def test_no_data_in_one_region_takes_every_region_back(project):
    project.write("two", shift="Canary50Percent6Seconds")
    with Traffic(project, regions=(FIRST,)):
        status, told = project.deploy()
    assert status == 1 and "RolledBack" in told, told
    rollout = project.last_rollout()
    assert "has no data" in rollout["Summary"]["Regions"][SECOND]["Failure"], rollout
    assert_went_back(project, rollout["Id"], "has no data")


def test_no_data_is_well_where_the_alarm_says_so(project):
    project.write("two", shift="Canary50Percent2Seconds", missing="notBreaching")
    status, told = project.deploy("--bake", "2")
    assert status == 0 and "unproven" in told, told
    assert project.alias(FIRST)["FunctionVersion"] == "2"


def test_healthy_traffic_ends_well(project):
    project.write("two", shift="Linear25PercentEvery2Seconds")
    with Traffic(project) as traffic:
        status, told = project.deploy("--bake", "3")
    assert status == 0 and "Succeeded" in told and "unproven" not in told, told
    assert all(traffic.answers[region].get(("2", "two"), 0) > 0 for region in (FIRST, SECOND))
    assert not any(key[1] == "error" for answers in traffic.answers.values() for key in answers)


def test_an_alarm_in_the_bake_takes_a_whole_shift_back(project):
    project.write("two", broken_in=[FIRST, SECOND], shift="AllAtOnce")
    with Traffic(project) as traffic:
        status, told = project.deploy("--bake", "60")
        assert status == 1 and "RolledBack" in told, told
    assert traffic.answers[FIRST].get(("2", "error"), 0) > 0
    rollout = project.last_rollout()
    assert "is on" in json.dumps(rollout["Summary"])
    for region in (FIRST, SECOND):
        assert project.alias(region)["FunctionVersion"] == "1" and "2" not in project.versions(region)


def test_an_alarm_in_a_later_wave_takes_the_earlier_back(project):
    project.write("two", broken_in=[FIRST], shift="Canary50Percent4Seconds")
    with Traffic(project):
        status, told = project.deploy("--waves", f"{SECOND};{FIRST}", "--rollback-earlier-waves")
    assert status == 1 and f"{SECOND}: RolledBack" in told, told
    assert_went_back(project, project.last_rollout()["Id"], "is on")
