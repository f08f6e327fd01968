"""Round trips: what `meridian export sam` and `export cfn` write of functions, `meridian deploy` makes again in an empty
region, the same to AWS's own client: settings, hashes, versions, aliases, policies, layers, roles."""

import http.server
import json
import threading

import pytest

from command_line import HOME, meridian
from conftest import Functions
from meridian_server import LAMBDA_TRUST, make_zip
from object_store import KEYS, Bucket
from test_transfer import everything_of

STACK = "again"


def code(text):
    return make_zip({"handler.py": f"def handler(event, context):\n    return '{text}'\n"})


def make_role(server, name):
    iam = server.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST, Description="of orders", Path="/shop/",
                           MaxSessionDuration=7200, Tags=[{"Key": "team", "Value": "a"}])["Role"]["Arn"]
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "sqs:*"], "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(allowed))
    managed = iam.create_policy(PolicyName="shop-managed", Description="ours", Path="/shop/",
                                PolicyDocument=json.dumps(allowed))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=managed)
    most = iam.create_policy(PolicyName="shop-most", PolicyDocument=json.dumps(allowed))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=most)
    return role


def make_everything(server):
    """Functions that use all that a template can say."""
    functions = Functions(server)
    functions.role = make_role(server, "orders-role")
    api = functions.api()
    layer = api.publish_layer_version(LayerName="shared", Description="text", CompatibleRuntimes=["python3.11", "python3.12"],
                                      CompatibleArchitectures=["x86_64"], LicenseInfo="MIT",
                                      Content={"ZipFile": make_zip({"python/shared.py": "X = 1\n"})})
    queue = "arn:aws:sqs:us-east-1:123456789012:"
    orders = functions("python", name="orders", code=code("orders"), Timeout=17, MemorySize=256, Description="takes: orders",
                       variables={"WHO": "me", "YES": "yes", "NUMBER": "0123", "JSON": '{"a": 1}', "LINES": "a\n b\n"},
                       Tags={"team": "a", "cost:center": "7"}, Layers=[layer["LayerVersionArn"]],
                       EphemeralStorage={"Size": 1024}, TracingConfig={"Mode": "Active"},
                       DeadLetterConfig={"TargetArn": queue + "dead"},
                       LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO",
                                      "LogGroup": "/shop/orders"})
    api.publish_version(FunctionName="orders", Description="first")
    api.create_alias(FunctionName="orders", Name="live", FunctionVersion="1", Description="what runs")
    api.create_alias(FunctionName="orders", Name="warm", FunctionVersion="1")
    api.put_provisioned_concurrency_config(FunctionName="orders", Qualifier="warm", ProvisionedConcurrentExecutions=1)
    api.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=5)
    api.put_function_recursion_config(FunctionName="orders", RecursiveLoop="Allow")
    api.put_runtime_management_config(FunctionName="orders", UpdateRuntimeOn="FunctionUpdate")
    api.add_permission(FunctionName="orders", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                       SourceAccount="123456789012", SourceArn="arn:aws:s3:::a-bucket")
    api.add_permission(FunctionName="orders", StatementId="other", Action="lambda:InvokeFunction", Qualifier="live",
                       Principal="210987654321")
    api.add_permission(FunctionName="orders", StatementId="everybody", Action="lambda:InvokeFunctionUrl", Qualifier="live",
                       Principal="*", FunctionUrlAuthType="NONE")
    api.create_function_url_config(FunctionName="orders", AuthType="NONE", Qualifier="live", InvokeMode="RESPONSE_STREAM",
                                   Cors={"AllowOrigins": ["https://example.com"], "AllowMethods": ["GET", "POST"],
                                         "AllowHeaders": ["x-a"], "MaxAge": 60, "AllowCredentials": True})
    api.create_function_url_config(FunctionName="orders", AuthType="AWS_IAM")
    api.put_function_event_invoke_config(FunctionName="orders", MaximumRetryAttempts=1, MaximumEventAgeInSeconds=120)
    api.put_function_event_invoke_config(
        FunctionName="orders", MaximumRetryAttempts=0, Qualifier="live",
        DestinationConfig={"OnFailure": {"Destination": queue + "failed"}, "OnSuccess": {"Destination": queue + "done"}})
    api.create_event_source_mapping(FunctionName="orders:live", BatchSize=7, EventSourceArn=queue + "incoming", Enabled=False,
                                    MaximumBatchingWindowInSeconds=3, FunctionResponseTypes=["ReportBatchItemFailures"],
                                    ScalingConfig={"MaximumConcurrency": 4},
                                    FilterCriteria={"Filters": [{"Pattern": '{"body": {"kind": ["order"]}}'}]})
    api.create_event_source_mapping(FunctionName="orders", Enabled=False, StartingPosition="TRIM_HORIZON", BatchSize=50,
                                    EventSourceArn="arn:aws:kinesis:us-east-1:123456789012:stream/clicks",
                                    MaximumRetryAttempts=3, MaximumRecordAgeInSeconds=600, ParallelizationFactor=2,
                                    BisectBatchOnFunctionError=True, TumblingWindowInSeconds=30,
                                    DestinationConfig={"OnFailure": {"Destination": queue + "failed"}})
    # What SAM's AutoPublishAlias says.
    functions("python", name="plain", code=code("plain"))
    api.publish_version(FunctionName="plain", Description="of plain")
    api.create_alias(FunctionName="plain", Name="live", FunctionVersion="1")
    api.put_function_event_invoke_config(FunctionName="plain", Qualifier="live", MaximumRetryAttempts=2)
    # Never published.
    functions("python", name="bare-function", code=code("bare"), Description="no")
    orders.settle()
    return ["orders", "plain", "bare-function"]


def comparable(everything, sam):
    """Without what exports say that a template cannot: names of permissions, and the tag that SAM sets."""
    for statements in everything["policies"].values():
        if isinstance(statements, list):
            for statement in statements:
                statement.pop("Sid")
            statements.sort(key=json.dumps)
    for part in ("mappings", "aliases", "invoke", "urls"):
        everything[part].sort(key=lambda each: json.dumps(each, sort_keys=True))
    tags = everything["function"].get("Tags", {})
    if sam:
        tags.pop("lambda:createdBy", None)
    if not tags:
        everything["function"].pop("Tags", None)
    return everything


@pytest.fixture
def bucket():
    """The URL of a server of objects, and where its objects are put."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Bucket.objects = {}
    yield f"http://localhost:{server.server_port}", Bucket.objects
    server.shutdown()


@pytest.mark.parametrize("form", ["sam", "cfn"])
def test_an_export_is_deployed_into_an_empty_region(start_server, tmp_path, bucket, form):
    url, objects = bucket
    source = start_server()
    names = make_everything(source)
    wanted = {name: comparable(everything_of(source, name), form == "sam") for name in names}
    folder = tmp_path / form
    told = json.loads(meridian(source, "export", form, "--all", "--to", folder, "--with-environment", "--json"))
    assert told["Untold"] == []

    target = start_server(environment={**KEYS, "AWS_ENDPOINT_URL_S3": url})
    parameters = []
    if form == "cfn":
        parameters = ["--parameter", "CodeBucket=a-bucket"]
        objects.update({("/a-bucket/" + str(path.relative_to(folder)), ""): path.read_bytes()
                        for path in folder.rglob("*.zip")})
    deploy = ("deploy", folder, "--stack", STACK, "--regions", HOME, *parameters)
    made = ("import", "sam", folder, "--stack", STACK, "--into", HOME) if form == "sam" else deploy
    assert "Succeeded" in meridian(target, *made, "--yes")
    for name in names:
        found = comparable(everything_of(target, name), form == "sam")
        for part in wanted[name]:
            assert found[part] == wanted[name][part], (name, part)
    api = target.client("lambda")
    assert json.loads(api.invoke(FunctionName="orders", Qualifier="live")["Payload"].read()) == "orders"

    # Nothing is left to do, nothing counts as changed by hand, and the copy exports as the same text.
    assert "nothing to change" in meridian(target, *deploy, "--yes")
    assert "nothing was changed by hand" in meridian(target, "stack", "drift", STACK)
    again = tmp_path / (form + "-again")
    meridian(target, "export", form, "--all", "--to", again, "--with-environment")
    assert (again / "template.yaml").read_text() == (folder / "template.yaml").read_text()
    for path in folder.rglob("*.zip"):
        assert (again / path.relative_to(folder)).read_bytes() == path.read_bytes()
