"""The AWS CLI's documented Lambda examples, run by the real CLI: each must succeed and show the members that the
documentation shows, of the same kinds, with the values that the command itself names. Drawn by tools/update-cli-examples."""

import http.server
import json
import pathlib
import shlex
import subprocess
import threading

import pytest
from meridian_server import LAMBDA_TRUST, MeridianServer, wait_until

from conftest import package, require_programs
from test_code_from_s3 import KEYS, Bucket

EXAMPLES = json.loads((pathlib.Path(__file__).parent.parent / "vectors/cli_examples/lambda.json").read_text())["examples"]
REGION, ACCOUNT, NAME = "us-west-2", "123456789012", "my-function"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:mySQSqueue"
DOCUMENTED_UUID = "a1b2c3d4-5678-90ab-cdef-11111EXAMPLE"

# Where AWS's own example shows what its service and its API model do not have.
WRONG = {
    "list-layer-versions/1": {"Layers"},
    "put-provisioned-concurrency-config/1": {"Requested ProvisionedConcurrentExecutions",
                                             "Allocated ProvisionedConcurrentExecutions"},
}
# What this version of Meridian refuses, and how.
REFUSED = {"invoke/2": "Invoke with InvocationType Event is not implemented in this version of Meridian."}


class Lab:
    """The server, and what an example finds there."""

    def __init__(self, server, directory):
        self.server, self.directory = server, directory
        self.api = server.client("lambda", region=REGION)
        iam = server.client("iam", region=REGION)
        self.role = iam.create_role(RoleName="MyTestFunction-role-tges6bf4", Path="/service-role/",
                                    AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
        self.uuid = DOCUMENTED_UUID
        (directory / "my-function.zip").write_bytes(package("cpp"))

    def function_with_everything(self, name=NAME):
        self.layer()
        self.function(name, VpcConfig={"SubnetIds": [], "SecurityGroupIds": []},
                      Layers=[f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:my-layer:2"])

    def function(self, name=NAME, **settings):
        self.api.create_function(FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Role=self.role,
                                 Code={"ZipFile": package("cpp")}, **settings)
        self.api.get_waiter("function_active_v2").wait(FunctionName=name)

    def version(self, number=1, name=NAME):
        for one in range(number):
            self.api.update_function_configuration(FunctionName=name, Description=f"version {one + 1}")
            self.api.get_waiter("function_updated_v2").wait(FunctionName=name)
            self.api.publish_version(FunctionName=name)

    def alias(self, *names, version=1):
        for name in names:
            self.api.create_alias(FunctionName=NAME, Name=name, FunctionVersion=str(version),
                                  Description="alias for live version of function")

    def mapping(self):
        self.uuid = self.api.create_event_source_mapping(FunctionName=NAME, EventSourceArn=QUEUE, BatchSize=5)["UUID"]
        wait_until(lambda: self.api.get_event_source_mapping(UUID=self.uuid)["State"] in ("Enabled", "Disabled"),
                   what="a settled mapping")

    def layer(self, name="my-layer", versions=2):
        for _ in range(versions):
            self.api.publish_layer_version(LayerName=name, Description="My layer", LicenseInfo="MIT",
                                           Content={"ZipFile": package("cpp")},
                                           CompatibleRuntimes=["python3.10", "python3.11"])

    def shared_layer(self):
        self.layer()
        self.api.add_layer_version_permission(LayerName="my-layer", VersionNumber=1, StatementId="xaccount",
                                              Action="lambda:GetLayerVersion", Principal=ACCOUNT)

    def permission(self):
        self.api.add_permission(FunctionName=NAME, StatementId="sns", Action="lambda:InvokeFunction",
                                Principal="sns.amazonaws.com")

    def retries(self, *qualifiers, **settings):
        for qualifier in qualifiers:
            self.api.put_function_event_invoke_config(
                FunctionName=NAME, Qualifier=qualifier, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=3600,
                **{"DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:us-east-2:{ACCOUNT}:failed-invocations"}},
                   **settings})

    def provisioned(self, *names):
        for name in names:
            self.api.put_provisioned_concurrency_config(FunctionName=NAME, Qualifier=name,
                                                        ProvisionedConcurrentExecutions=2)
            wait_until(lambda: self.api.get_provisioned_concurrency_config(FunctionName=NAME, Qualifier=name)["Status"] ==
                       "READY", seconds=30, what="provisioned environments")

    def concurrency(self, count=100):
        self.api.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=count)

    def tag(self, **tags):
        self.api.tag_resource(Resource=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}", Tags=tags)


# What must be there before an example, by its operation; "function" where nothing is named.
BEFORE = {
    "add-layer-version-permission": lambda lab: lab.layer(),
    "create-alias": lambda lab: (lab.function(), lab.version()),
    "create-function": lambda lab: None,
    "delete-alias": lambda lab: (lab.function(), lab.version(), lab.alias("LIVE")),
    "delete-event-source-mapping": lambda lab: (lab.function(), lab.mapping()),
    "delete-function-concurrency": lambda lab: (lab.function(), lab.concurrency()),
    "delete-function-event-invoke-config": lambda lab: (lab.function(), lab.version(), lab.alias("GREEN"),
                                                        lab.retries("GREEN")),
    "delete-layer-version": lambda lab: lab.layer(),
    "delete-provisioned-concurrency-config": lambda lab: (lab.function(), lab.version(), lab.alias("GREEN"),
                                                          lab.provisioned("GREEN")),
    "get-account-settings": lambda lab: lab.function(),
    "get-alias": lambda lab: (lab.function(), lab.version(3), lab.alias("LIVE", version=3)),
    "get-event-source-mapping": lambda lab: (lab.function(), lab.mapping()),
    "get-function-concurrency": lambda lab: (lab.function(), lab.concurrency(250)),
    "get-function-configuration": lambda lab: (lab.function_with_everything(),
                                               lab.version(2)),
    "get-function-event-invoke-config": lambda lab: (lab.function(), lab.version(), lab.alias("BLUE"), lab.retries("BLUE")),
    "get-function": lambda lab: (lab.function_with_everything(), lab.concurrency()),
    "get-layer-version-by-arn": lambda lab: lab.layer("AWSLambda-Python311-SciPy1x"),
    "get-layer-version-policy": lambda lab: lab.shared_layer(),
    "get-layer-version": lambda lab: lab.layer(),
    "get-policy": lambda lab: (lab.function(), lab.permission()),
    "get-provisioned-concurrency-config": lambda lab: (lab.function(), lab.version(), lab.alias("BLUE"),
                                                       lab.provisioned("BLUE")),
    "list-aliases": lambda lab: (lab.function(), lab.version(), lab.alias("BETA", "LIVE")),
    "list-event-source-mappings": lambda lab: (lab.function(), lab.mapping()),
    "list-function-event-invoke-configs": lambda lab: (lab.function(), lab.version(), lab.alias("BLUE", "GREEN"),
                                                       lab.retries("BLUE", "GREEN")),
    "list-functions": lambda lab: lab.function_with_everything("helloworld"),
    "list-layer-versions": lambda lab: lab.layer(),
    "list-layers": lambda lab: lab.layer(),
    "list-provisioned-concurrency-configs": lambda lab: (lab.function(), lab.version(2), lab.alias("BLUE"),
                                                         lab.alias("GREEN", version=2), lab.provisioned("BLUE", "GREEN")),
    "list-tags": lambda lab: (lab.function(), lab.tag(Category="Web Tools", Department="Sales")),
    "list-versions-by-function": lambda lab: (lab.function_with_everything(),
                                              lab.version(2)),
    "publish-layer-version": lambda lab: None,
    "put-provisioned-concurrency-config": lambda lab: (lab.function(), lab.version(), lab.alias("BLUE")),
    "remove-layer-version-permission": lambda lab: lab.shared_layer(),
    "remove-permission": lambda lab: (lab.function(), lab.permission()),
    "untag-resource": lambda lab: (lab.function(), lab.tag(DEPARTMENT="Department A")),
    "update-alias": lambda lab: (lab.function(), lab.version(3), lab.alias("LIVE")),
    "update-event-source-mapping": lambda lab: (lab.function(), lab.mapping()),
    "update-function-code": lambda lab: lab.function_with_everything(),
    "update-function-configuration": lambda lab: lab.function_with_everything(),
    "update-function-event-invoke-config": lambda lab: (lab.function(), lab.retries("$LATEST", DestinationConfig={})),
}


@pytest.fixture(scope="module")
def bucket():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Bucket.objects[(f"/lambda-layers-us-west-2-{ACCOUNT}/layer.zip", "")] = package("cpp")
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture
def lab(bucket, tmp_path):
    """A server for each example: version numbers are never given again, not even to a new function of the same name."""
    require_programs()
    with MeridianServer(regions=(REGION,), account=ACCOUNT,
                        environment={**KEYS, "AWS_ENDPOINT_URL_S3": bucket}) as server:
        yield Lab(server, tmp_path)


def differences(documented, shown, words, where="$"):
    """What the documentation shows and the answer does not."""
    if isinstance(documented, dict):
        if isinstance(shown, str):
            shown = json.loads(shown)  # a policy, which the documentation unfolds
        if not isinstance(shown, dict):
            return [f"{where}: no object"]
        found = [f"{where}.{key}: absent" for key in documented if key not in shown]
        return found + [d for key in documented if key in shown
                        for d in differences(documented[key], shown[key], words, f"{where}.{key}")]
    if isinstance(documented, list):
        if not isinstance(shown, list) or (documented and not shown):
            return [f"{where}: no list, or an empty one"]
        return [d for at, one in enumerate(documented)
                for d in differences(one, shown[min(at, len(shown) - 1)], words, f"{where}[{at}]")]
    if str(documented) in words and documented != shown:
        return [f"{where}: {shown!r}, not {documented!r}"]
    if where.endswith(("LastModified", "CreatedDate")):
        return []  # a number or ISO 8601, as the CLI's version has it
    numbers = (int, float)
    same = isinstance(shown, numbers) if isinstance(documented, numbers) else isinstance(shown, type(documented))
    return [] if same else [f"{where}: {shown!r} is of another kind than {documented!r}"]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["id"] for example in EXAMPLES])
def test_example(lab, example):
    BEFORE.get(example["id"].split("/")[0], lambda lab: lab.function())(lab)
    # An option of the CLI's second version: what is the first one's only way.
    words = shlex.split(example["command"].replace(DOCUMENTED_UUID, lab.uuid)
                        .replace(" --cli-binary-format raw-in-base64-out", ""))
    environment = {**lab.server.environment(), "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": ""}
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=lab.directory, env=environment)
    if example["id"] in REFUSED:
        assert done.returncode != 0 and REFUSED[example["id"]] in done.stderr
        return
    assert done.returncode == 0, done.stderr
    if example["output"] is None:
        return
    documented = {k: v for k, v in example["output"].items() if k not in WRONG.get(example["id"], ())}
    said = {piece for word in words for piece in (word, *word.split("="))} - {NAME}
    assert differences(documented, json.loads(done.stdout), said) == []
