"""Lambda's metrics: what was called, how it ended and how long it took, through Meridian's API, through `meridian metrics`
and at /metrics, which Prometheus's own parser reads."""

import concurrent.futures
import datetime
import json
import subprocess
import time
import urllib.parse

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from prometheus_client.parser import text_string_to_metric_families

from conftest import Functions
from meridian_server import wait_until

REGION = "us-east-1"
DAY = datetime.timedelta(days=1)


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def text(time_):
    return time_.strftime("%Y-%m-%dT%H:%M:%SZ")


def call(server, path, keys=None, region=REGION, **parameters):
    url = f"{server.endpoint}/meridian/v1/{path}"
    if parameters:
        url += "?" + urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote)
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials(*(keys or (server.access_key, server.secret_key))), "meridian", region).add_auth(request)
    return requests.get(url, headers=dict(request.headers), timeout=30)


def statistics(server, metric, *, statistics="Sum,SampleCount,Average,Minimum,Maximum", back=DAY, period=86400 * 2,
               namespace="AWS/Lambda", extended=None, region=REGION, **dimensions):
    """The datapoints of the last day; by itself one for all of it."""
    now = utc_now()
    wanted = dict(Namespace=namespace, MetricName=metric, StartTime=text(now - back),
                  EndTime=text(now + datetime.timedelta(seconds=2)), Period=period, Statistics=statistics, **dimensions)
    if extended:
        wanted["ExtendedStatistics"] = extended
    answer = call(server, "metrics", region=region, **wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()["Datapoints"]


def sum_of(server, metric, **arguments):
    """The only datapoint's Sum; nothing where there is no sample."""
    arguments.setdefault("statistics", "Sum")
    points = statistics(server, metric, **arguments)
    assert len(points) <= 1, points
    return points[0]["Sum"] if points else None


def scrape(server):
    """{(sample, labels as a frozen set): value} of /metrics, and its families."""
    answer = requests.get(server.ready["metrics"], timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(answer.text))
    return {(sample.name, frozenset(sample.labels.items())): sample.value
            for family in families for sample in family.samples}, families


def sample(samples, name, **labels):
    """The sum of all samples of this name that have these labels."""
    found = [value for (sample_name, has), value in samples.items()
             if sample_name == name and set(labels.items()) <= set(has)]
    assert found, (name, labels)
    return sum(found)


@pytest.fixture(scope="module")
def lab(server):
    return Functions(server)


def test_invocations_errors_and_timeouts(server, lab):
    function = lab("cpp", name="counted", Timeout=1)
    for event in ({}, {}, {"do": "error", "message": "no"}, {"do": "exit"}, {"do": "sleep", "ms": 5000}):
        function.invoke(event)
    with pytest.raises(ClientError):  # what is no function is no invocation of one
        function.api.invoke(FunctionName="counted", Qualifier="nobody")
    with pytest.raises(ClientError):
        function.invoke(payload=b"{")
    assert sum_of(server, "Invocations", FunctionName="counted") == 5
    assert sum_of(server, "Errors", FunctionName="counted") == 3
    assert sum_of(server, "Throttles", FunctionName="counted") == 0
    (errors,) = statistics(server, "Errors", FunctionName="counted")
    assert errors["Average"] == 0.6 and errors["SampleCount"] == 5 and errors["Unit"] == "Count"
    (duration,) = statistics(server, "Duration", FunctionName="counted", extended="p50,p99.9")
    assert duration["SampleCount"] == 5 and duration["Unit"] == "Milliseconds"
    assert 1000 <= duration["Maximum"] < 2000, duration
    assert duration["Minimum"] <= duration["ExtendedStatistics"]["p50"] < 900, duration
    assert abs(duration["ExtendedStatistics"]["p99.9"] - duration["Maximum"]) <= duration["Maximum"] / 64
    # The first waited for its environment.
    assert sum_of(server, "ColdStarts", namespace="Meridian/Lambda", FunctionName="counted") >= 1
    assert sum_of(server, "InitDuration", namespace="Meridian/Lambda", FunctionName="counted") > 0
    billed = sum_of(server, "BilledGBSeconds", namespace="Meridian/Lambda", FunctionName="counted")
    assert billed >= 1 * 128 / 1024

    samples, families = scrape(server)
    assert {family.name for family in families} >= {"meridian_lambda_invocations", "process_cpu_seconds",
                                                    "meridian_build_info", "meridian_environments"}
    of = {"region": REGION, "account": server.account, "function": "counted", "resource": "counted",
          "executed_version": "$LATEST"}
    assert sample(samples, "meridian_lambda_invocations_total", **of) == 5
    assert sample(samples, "meridian_lambda_errors_total", **of) == 3
    assert sample(samples, "meridian_lambda_duration_seconds_count", **of) == 5
    assert sample(samples, "meridian_lambda_duration_seconds_bucket", le="+Inf", **of) == 5
    assert sample(samples, "meridian_lambda_duration_seconds_bucket", le="0.5", **of) == 4
    assert sample(samples, "meridian_lambda_duration_seconds_sum", **of) == pytest.approx(duration["Average"] * 5 / 1000)
    assert sample(samples, "process_resident_memory_bytes") > 1_000_000
    assert sample(samples, "meridian_environments", region=REGION) >= 1
    assert sample(samples, "meridian_metrics_omitted_samples") == 0
    for log in ("region", "account"):
        assert (sample(samples, "meridian_vault_sequence", region=REGION, log=log)
                <= sample(samples, "meridian_store_sequence", region=REGION, log=log))


def test_throttles_are_neither_invocations_nor_errors(server, lab):
    function = lab("cpp", name="throttled")
    function.api.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=2)

    def one():
        try:
            function.invoke({"do": "sleep", "ms": 3000})
            return True
        except ClientError as error:
            assert error.response["Error"]["Code"] == "TooManyRequestsException"
            return False

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        ran = list(pool.map(lambda _: one(), range(6)))
    assert ran.count(True) == 2, ran
    assert sum_of(server, "Invocations", FunctionName="throttled") == 2
    assert sum_of(server, "Throttles", FunctionName="throttled") == 4
    assert sum_of(server, "Errors", FunctionName="throttled") == 0
    # Both ran at once, for every second that they took.
    recent = datetime.timedelta(minutes=5)
    seconds = statistics(server, "ConcurrentExecutions", back=recent, period=1, FunctionName="throttled")
    assert len(seconds) >= 3 and max(point["Maximum"] for point in seconds) == 2, seconds
    # The refusals came, and the invocations began, within moments of each other.
    began = statistics(server, "Invocations", back=recent, period=5, FunctionName="throttled")
    assert sum(point["Sum"] for point in began) == 2 and len(began) <= 2, began
    assert sample(scrape(server)[0], "meridian_lambda_throttles_total", function="throttled") == 4


def test_aliases_and_the_versions_that_they_run(server, lab):
    function = lab("cpp", name="aliased")
    for number in ("1", "2"):
        function.configure(Description=number)
        assert function.api.publish_version(FunctionName="aliased")["Version"] == number
    function.api.create_alias(FunctionName="aliased", Name="live", FunctionVersion="1",
                              RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    ran = [function.invoke({}, Qualifier="live").version for _ in range(40)]
    function.invoke({"do": "error", "message": "no"}, Qualifier="2")
    function.invoke({})
    of_alias = dict(FunctionName="aliased", Resource="aliased:live")
    assert sum_of(server, "Invocations", **of_alias) == 40
    for version in ("1", "2"):
        assert ran.count(version) > 5
        assert sum_of(server, "Invocations", ExecutedVersion=version, **of_alias) == ran.count(version)
        assert sum_of(server, "Errors", ExecutedVersion=version, **of_alias) == 0
    assert sum_of(server, "Errors", FunctionName="aliased", Resource="aliased:2") == 1
    assert sum_of(server, "Invocations", FunctionName="aliased", Resource="aliased") == 1
    assert sum_of(server, "Invocations", FunctionName="aliased") == 42
    assert sum_of(server, "Invocations", FunctionName="aliased", Resource="aliased:other") is None

    listed = call(server, "metrics/list", FunctionName="aliased").json()["Metrics"]
    dimensions = [{d["Name"]: d["Value"] for d in metric["Dimensions"]}
                  for metric in listed if metric["MetricName"] == "Errors"]
    for expected in (dict(FunctionName="aliased"), of_alias, dict(of_alias, ExecutedVersion="1"),
                     dict(FunctionName="aliased", Resource="aliased:2")):
        assert expected in dimensions
    assert dict(FunctionName="aliased", Resource="aliased:2", ExecutedVersion="2") not in dimensions


def test_regions_and_accounts_share_nothing(server, lab):
    lab("cpp", name="here").invoke({})
    assert sum_of(server, "Invocations", FunctionName="here") == 1
    assert sum_of(server, "Invocations", FunctionName="here", region="sa-east-1") is None


def test_who_may_read_them(server, lab):
    iam = server.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    keys = (key["AccessKeyId"], key["SecretAccessKey"])
    query = dict(MetricName="Errors", StartTime=text(utc_now() - DAY / 2), EndTime=text(utc_now()), Period=3600,
                 Statistics="Sum")
    refused = call(server, "metrics", keys, **query)
    assert refused.status_code == 403 and "meridian:GetMetrics" in refused.text, refused.text
    assert call(server, "metrics/list", keys).status_code == 403
    iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "meridian:GetMetrics", "Resource": "*"}]}))
    allowed = call(server, "metrics", keys, **query)
    assert allowed.status_code == 200, allowed.text
    assert call(server, "metrics/list", keys).status_code == 403
    assert requests.get(server.endpoint + "/meridian/v1/metrics", timeout=10).status_code == 403
    iam.delete_access_key(UserName="reader", AccessKeyId=keys[0])
    iam.delete_user_policy(UserName="reader", PolicyName="p")
    iam.delete_user(UserName="reader")


@pytest.mark.parametrize("changes, words", [
    ({"MetricName": "Mistakes"}, "no metric 'Mistakes'"),
    ({"Namespace": "AWS/SQS"}, "namespace AWS/SQS"),
    ({"StartTime": "yesterday"}, "StartTime is a time"),
    ({"EndTime": "1999-01-01T00:00:00Z"}, "EndTime must be after"),
    ({"StartTime": "0001-01-01T00:00:00Z", "Period": "999999999"}, "between 1970 and 2106"),
    ({"Period": "0"}, "at least 1"),
    ({"Period": "-60"}, "number of seconds"),
    ({"Period": "1"}, "limit of 1440"),
    ({"Statistics": "Median"}, "Median is none of"),
    ({"Statistics": ""}, "must say what is wanted"),
    ({"ExtendedStatistics": "tm90"}, "no percentile"),
    ({"ExtendedStatistics": "p50"}, "Percentiles are kept of durations"),
    ({"Resource": "f:live"}, "by these dimensions"),
    ({"FunctionName": "f", "ExecutedVersion": "1"}, "by these dimensions"),
    ({"Color": "blue"}, "Color is not known"),
])
def test_questions_that_make_no_sense(server, changes, words):
    query = dict(MetricName="Errors", StartTime=text(utc_now() - DAY / 2), EndTime=text(utc_now()), Period="3600",
                 Statistics="Sum")
    answer = call(server, "metrics", **{**query, **changes})
    assert answer.status_code == 400 and words in answer.json()["message"], answer.text


def test_metrics_listener_serves_metrics_and_nothing_else(server):
    url = server.ready["metrics"]
    assert (server.data / "metrics-endpoint").read_text() == url + "\n"
    assert url.startswith("http://127.0.0.1:") and url.endswith("/metrics")
    assert requests.get(url.removesuffix("/metrics") + "/2015-03-31/functions", timeout=10).status_code == 404
    assert requests.post(url, timeout=10).status_code == 405
    # A page of a browser, by its own name for this machine or by its origin.
    assert requests.get(url, headers={"Host": "evil.example"}, timeout=10).status_code == 403
    assert requests.get(url, headers={"Origin": "http://evil.example"}, timeout=10).status_code == 403


def metrics_command(server, *words):
    done = subprocess.run([server.tool("meridian"), "metrics", *words, "--data", str(server.data)], capture_output=True,
                          text=True, env=server.environment(), timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_the_command_line_shows_a_table(server, lab):
    function = lab("cpp", name="shown")
    function.api.publish_version(FunctionName="shown")
    function.invoke({"do": "error", "message": "no"}, Qualifier="1")
    for _ in range(3):
        function.invoke({})
    status, out, err = metrics_command(server, "shown", "--since", "10m")
    assert status == 0, err
    everything = out.splitlines()[-3 if "Nothing before" in out else -2].split()
    assert everything[:4] == ["all", "4", "1", "0"], out
    assert "25.00 % of the calls failed" in out
    assert "Nothing before" in out  # the server started less than ten minutes ago
    status, out, _ = metrics_command(server, "shown", "--qualifier", "1", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert sum(line["Invocations"]["Sum"] for line in lines) == 1 and lines[0]["Duration"]["Maximum"] >= 0
    status, out, _ = metrics_command(server, "shown:other")
    assert status == 0 and "was not called since" in out
    for words, problem in ((["shown", "--since", "2w"], "2w is no span of time"),
                           (["shown", "--since", "30m", "--period", "10"], "seconds back"),
                           (["shown:1", "--qualifier", "2"], "contradict each other")):
        status, _, err = metrics_command(server, *words)
        assert status == 1 and problem in err, err


def test_a_restart_forgets_and_says_so(start_server):
    server = start_server(flags=["--metrics-port", "0"], regions=["us-east-1"])
    function = Functions(server)("cpp", name="forgotten")
    function.invoke({})
    assert sum_of(server, "Invocations", FunctionName="forgotten") == 1
    before = scrape(server)[0]
    time.sleep(1)
    server.restart()
    answer = call(server, "metrics", MetricName="Invocations", StartTime=text(utc_now() - DAY / 2), Period=86400,
                  EndTime=text(utc_now() + datetime.timedelta(seconds=2)), Statistics="Sum").json()
    assert answer["Datapoints"] == []
    since = datetime.datetime.fromisoformat(answer["Since"].replace("Z", "+00:00"))
    assert utc_now() - since < datetime.timedelta(minutes=2)
    after = scrape(server)[0]
    start = ("process_start_time_seconds", frozenset())
    assert after[start] > before[start]
    server.client("lambda").invoke(FunctionName="forgotten", Payload=b"{}")
    assert sum_of(server, "Invocations", FunctionName="forgotten") == 1


def test_metrics_can_be_off(start_server):
    server = start_server(flags=["--metrics-port", "off"], regions=["us-east-1"])
    assert "metrics" not in server.ready and not (server.data / "metrics-endpoint").exists()


def test_provisioned_concurrency_and_what_spills_over(server, lab):
    function = lab("cpp", name="provided")
    function.api.publish_version(FunctionName="provided")
    function.api.put_provisioned_concurrency_config(FunctionName="provided", Qualifier="1",
                                                    ProvisionedConcurrentExecutions=1)
    wait_until(lambda: function.api.get_provisioned_concurrency_config(
        FunctionName="provided", Qualifier="1")["Status"] == "READY", what="provisioned environments")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: function.invoke({"do": "sleep", "ms": 1000}, Qualifier="1"), range(2)))
    of = dict(FunctionName="provided", Resource="provided:1")
    assert sum_of(server, "ProvisionedConcurrencyInvocations", **of) == 1
    assert sum_of(server, "ProvisionedConcurrencySpilloverInvocations", **of) == 1
    (in_use,) = statistics(server, "ProvisionedConcurrencyUtilization", **of)
    assert in_use["Maximum"] == 1
    (at_once,) = statistics(server, "ProvisionedConcurrentExecutions", **of)
    assert at_once["Maximum"] == 1
    function.api.delete_provisioned_concurrency_config(FunctionName="provided", Qualifier="1")
