"""Vaults: a commit a change, baselines that git verifies, and restores: of one function or of everything, to a baseline or
a moment, into the same, another or an empty region, and from nothing but a vault and its recovery key."""

import hashlib
import json
import subprocess
import threading
import time
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

from command_line import HOME, OTHER, answer, meridian
from conftest import Functions, package
from meridian_server import make_zip, wait_until


def vault_of(server, region=HOME):
    return server.data / region / "vault.git"


@pytest.fixture(scope="session", autouse=True)
def git_environment(tmp_path_factory):
    """The vaults are another user's, who is no danger here."""
    settings = tmp_path_factory.mktemp("git") / "config"
    settings.write_text("[safe]\n\tdirectory = *\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(settings))
        patch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
        yield


def git(folder, *words):
    return subprocess.run(["git", "-C", str(folder), *words], check=True, text=True, capture_output=True).stdout


def caught_up(server, region=HOME):
    wait_until(lambda: answer(server, "backup", "status", region=region)["Behind"] == 0, what="the vault follows")


def everything_of(server, name, region=HOME):
    """All that the API tells of a function, its package's very bytes, too; links and the region's name apart."""
    api = server.client("lambda", region=region)
    out = {"function": api.get_function(FunctionName=name),
           "versions": api.list_versions_by_function(FunctionName=name)["Versions"],
           "aliases": api.list_aliases(FunctionName=name)["Aliases"],
           "invoke": api.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"],
           "provisioned": api.list_provisioned_concurrency_configs(FunctionName=name)
                             ["ProvisionedConcurrencyConfigs"],
           "reserved": api.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions"),
           "mappings": [{k: v for k, v in m.items() if k not in ("State", "StateTransitionReason")}
                        for m in api.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]]}
    for what, call in (("policy", api.get_policy), ("url", api.get_function_url_config)):
        try:
            out[what] = call(FunctionName=name)
            out[what].pop("ResponseMetadata")
        except ClientError as error:
            out[what] = error.response["Error"]["Code"]
    code = urllib.request.urlopen(out["function"]["Code"].pop("Location"), timeout=20).read()
    out["code"] = hashlib.sha256(code).hexdigest()
    out["function"].pop("ResponseMetadata")
    return json.loads(json.dumps(out, default=str, sort_keys=True))


def settled(server, name, region=HOME):
    api = server.client("lambda", region=region)
    server.client("lambda", region=region).get_waiter("function_active_v2").wait(FunctionName=name)
    for version in api.list_versions_by_function(FunctionName=name)["Versions"]:
        wait_until(lambda v=version["Version"]: api.get_function_configuration(FunctionName=name, Qualifier=v)["State"]
                   == "Active", what=f"{name}:{version['Version']} is active")


def rich_function(functions, name="rich"):
    """A function with everything that can hang under one."""
    layer = functions.api().publish_layer_version(LayerName=name + "-layer",
                                                  Content={"ZipFile": make_zip({"text": "of the layer"})})
    function = functions("python", name=name, variables={"WHO": "secret-value", "OTHER": "ä"}, Timeout=7,
                         MemorySize=256, Description="rich", Tags={"team": "a"},
                         Layers=[layer["LayerVersionArn"]])
    api = function.api
    api.publish_version(FunctionName=name, Description="one")
    function.update_code(make_zip({"handler.py": "def handler(event, context):\n    return 'two'\n"}))
    api.publish_version(FunctionName=name, Description="two")
    api.create_alias(FunctionName=name, Name="live", FunctionVersion="1",
                     RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
    api.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction",
                       Principal="s3.amazonaws.com", SourceAccount="123456789012")
    api.create_function_url_config(FunctionName=name, AuthType="NONE", Qualifier="live",
                                   Cors={"AllowOrigins": ["https://example.com"]})
    api.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=120)
    api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    api.create_event_source_mapping(FunctionName=name, EventSourceArn="arn:aws:sqs:us-east-1:123456789012:queue")
    function.settle()
    return function


def readable_copy(server, tmp_path, region=HOME):
    """A clone, as a backup elsewhere would be; the server runs as another user."""
    copy = tmp_path / f"copy-{region}.git"
    git(tmp_path, "clone", "-q", "--mirror", str(vault_of(server, region)), str(copy))
    subprocess.run(["chmod", "-R", "a+rX", str(copy)], check=True)
    return copy


def test_every_change_is_a_commit_of_its_caller(start_server):
    server = start_server()
    functions = Functions(server)
    iam = server.client("iam")
    iam.create_user(UserName="alice")
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    functions("cpp", name="hello", variables={"TOKEN": "very-secret"})
    alice = boto3.client("lambda", region_name=HOME, endpoint_url=server.endpoint,
                         aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    alice.update_function_configuration(FunctionName="hello", MemorySize=300)
    caught_up(server)

    vault = vault_of(server)
    assert git(vault, "log", "-1", "--format=%an <%ae>") == "user/alice <arn:aws:iam::123456789012:user/alice>\n"
    shown = json.loads(git(vault, "show", "main:accounts/123456789012/functions/hello/function.json"))
    assert shown["latest"]["settings"]["memory_mb"] == 300
    assert git(vault, "fsck", "--full") == ""
    # Neither the variable nor the user's key can be read without the vault's key.
    contents = git(vault, "log", "-p", "main")
    assert "TOKEN" in contents and "very-secret" not in contents
    assert key["AccessKeyId"] in contents and key["SecretAccessKey"] not in contents
    digest = hashlib.sha256(package("cpp")).hexdigest()
    assert f"code/{digest[:2]}/{digest}/recipe" in git(vault, "ls-tree", "-r", "--name-only", "main")

    # A commit a change, and none when nothing changes.
    before = git(vault, "rev-list", "--count", "main")
    for memory in (301, 302, 303):
        functions.made[0].configure(MemorySize=memory)
    caught_up(server)
    assert int(git(vault, "rev-list", "--count", "main")) == int(before) + 3


def test_it_goes_on_after_a_kill(start_server):
    server = start_server()
    functions = Functions(server)
    functions("cpp", name="first")
    server.kill9()
    server.start()
    functions = Functions(server)
    functions("cpp", name="second")
    caught_up(server)
    names = git(vault_of(server), "ls-tree", "--name-only", "main:accounts/123456789012/functions")
    assert names == "first\nsecond\n"
    assert git(vault_of(server), "fsck", "--full") == ""
    assert server.recovery_key and "Recovery key" not in server.errors()


def test_a_deleted_function_comes_back_as_it_was(start_server):
    server = start_server()
    functions = Functions(server)
    function = rich_function(functions)
    before = everything_of(server, "rich")
    made = answer(server, "baseline", "create", "v1", "-m", "before the accident")
    assert made["Message"] == "before the accident" and made["By"].endswith(":root")
    assert [b["Name"] for b in answer(server, "baseline", "list")["Baselines"]] == ["v1"]
    assert answer(server, "baseline", "diff", "v1")["Changes"] == []

    for mapping in function.api.list_event_source_mappings()["EventSourceMappings"]:
        function.api.delete_event_source_mapping(UUID=mapping["UUID"])
    function.delete()
    wait_until(lambda: not function.api.list_event_source_mappings()["EventSourceMappings"])
    function.api.delete_layer_version(LayerName="rich-layer", VersionNumber=1)
    iam = server.client("iam")
    role = functions.role.rsplit("/", 1)[1]
    iam.delete_role(RoleName=role)

    planned = answer(server, "restore", "--baseline", "v1", "--dry-run")
    assert not planned["Applied"] and planned["Changes"] and not planned["Warnings"]
    with pytest.raises(ClientError):
        function.api.get_function(FunctionName="rich")

    done = answer(server, "restore", "--baseline", "v1")
    assert done["Applied"] and done["Changes"] == planned["Changes"]
    assert done["NotReady"] == [], "it is over when what it brought can be invoked"
    assert everything_of(server, "rich") == before
    assert iam.get_role(RoleName=role)["Role"]["Arn"] == functions.role
    assert function.invoke({}).error is None
    assert function.invoke({}, Qualifier="live").version in ("1", "2")
    assert answer(server, "restore", "--baseline", "v1")["Changes"] == [], "what is restored is restored"

    # It is there after a restart, too, and numbers go on.
    server.restart()
    functions = Functions(server)
    settled(server, "rich")
    assert everything_of(server, "rich") == before
    api = functions.api()
    api.update_function_configuration(FunctionName="rich", Timeout=9)
    api.get_waiter("function_updated_v2").wait(FunctionName="rich")
    assert api.publish_version(FunctionName="rich")["Version"] == "3"


def test_a_changed_function_goes_back_and_its_numbers_do_not(start_server):
    server = start_server()
    functions = Functions(server)
    function = rich_function(functions)
    other = functions("cpp", name="other")
    answer(server, "baseline", "create", "v1")
    before = everything_of(server, "rich")
    function.update_code(make_zip({"handler.py": "def handler(event, context):\n    return 'bad'\n"}))
    function.configure(Environment={"Variables": {"WHO": "somebody"}})
    assert function.api.publish_version(FunctionName="rich")["Version"] == "3"
    function.api.update_alias(FunctionName="rich", Name="live", FunctionVersion="3",
                              RoutingConfig={"AdditionalVersionWeights": {}})
    assert function.invoke({}, Qualifier="live").json == "bad"
    other.configure(Timeout=11)
    new = functions("cpp", name="new")

    changes = {c["What"]: c["Members"] for c in answer(server, "baseline", "diff", "v1")["Changes"]}
    assert {"Member": "/latest/settings/environment/WHO", "Secret": True} in changes["change function rich"]
    assert "create version rich:3" in changes and "create function new" in changes
    timeout = other.api.get_function_configuration(FunctionName="other")["Timeout"]
    text = meridian(server, "baseline", "diff", "v1")
    assert f"  change function other\n    /latest/settings/timeout_seconds: 3 → {timeout}\n" in text
    assert "/latest/settings/environment/WHO: a secret differs\n" in text and "somebody" not in text

    answer(server, "restore", "--baseline", "v1", "--function", "rich")
    function.settle()
    after = everything_of(server, "rich")
    # Version 3 was published and stays.
    assert [v["Version"] for v in after["versions"]] == ["$LATEST", "1", "2", "3"]
    after["versions"] = [v for v in after["versions"] if v["Version"] != "3"]
    assert after == before
    assert function.invoke({}, Qualifier="live").version in ("1", "2")
    assert other.api.get_function_configuration(FunctionName="other")["Timeout"] == 11, "it was not asked for"
    function.configure(Timeout=8)
    assert function.api.publish_version(FunctionName="rich")["Version"] == "4"

    # To the letter: what the baseline does not have goes; and a moment brings that back again.
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    time.sleep(1.1)  # moments are seconds
    answer(server, "restore", "--baseline", "v1", "--exact")
    other.settle()
    assert other.api.get_function_configuration(FunctionName="other")["Timeout"] != 11
    with pytest.raises(ClientError):
        new.api.get_function(FunctionName="new")
    answer(server, "restore", "--at", moment)
    new.settle()
    assert new.invoke({"do": "echo"}).error is None
    assert other.api.get_function_configuration(FunctionName="other")["Timeout"] == 11


def test_into_another_region(start_server):
    server = start_server()
    functions = Functions(server)
    rich_function(functions)
    before = everything_of(server, "rich")
    answer(server, "baseline", "create", "v1")
    done = answer(server, "restore", "--baseline", "v1", "--into", OTHER)
    assert done["FromRegion"] == HOME
    settled(server, "rich", OTHER)
    after = everything_of(server, "rich", OTHER)
    # The same version numbers, hashes, revisions; its own ARNs name the region it is in.
    queue = "arn:aws:sqs:us-east-1:123456789012:queue"
    text = json.dumps(before).replace(queue, "QUEUE").replace(HOME, OTHER).replace("QUEUE", queue)
    assert after == json.loads(text)
    answered = server.client("lambda", region=OTHER).invoke(FunctionName="rich", Qualifier="live")
    assert "FunctionError" not in answered


def test_total_amnesia(start_server, tmp_path):
    server = start_server()
    functions = Functions(server)
    rich_function(functions)
    iam = server.client("iam")
    iam.create_user(UserName="alice")
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}]}))
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    before = everything_of(server, "rich")
    signer = answer(server, "baseline", "create", "v1")["Signer"]
    recovery = server.recovery_key
    copy = readable_copy(server, tmp_path)
    server.close()
    assert not server.data.exists()

    bare = start_server()
    assert bare.recovery_key != recovery
    words = ("restore", "--vault", str(copy), "--baseline", "v1")
    # A vault that nobody vouches for is not believed.
    assert "whom nobody here vouches for" in meridian(bare, *words, fails=True)
    wrong = tmp_path / "wrong"
    wrong.write_text(bare.recovery_key)
    assert "sealed to another recovery key" in meridian(bare, *words, "--recovery-key-file", str(wrong), fails=True)

    # Without the key: all but what is sealed, which is listed before anything happens.
    planned = answer(bare, *words, "--signer", signer, "--dry-run")
    assert [w for w in planned["Warnings"] if "/latest/settings/environment/WHO cannot be opened" in w]
    assert [w for w in planned["Warnings"] if key["AccessKeyId"] in w]

    kept = tmp_path / "recovery"
    kept.write_text(recovery + "\n")
    done = answer(bare, *words, "--recovery-key-file", str(kept))
    assert done["Warnings"] == []
    settled(bare, "rich")
    assert everything_of(bare, "rich") == before
    alice = boto3.client("lambda", region_name=HOME, endpoint_url=bare.endpoint,
                         aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    assert alice.invoke(FunctionName="rich", Qualifier="live")["StatusCode"] == 200
    # The new region's own vault has it now, under its own keys.
    assert answer(bare, "backup", "verify")["Problems"] == []


def test_damage_is_found_and_named(start_server, tmp_path):
    server = start_server()
    functions = Functions(server)
    functions("cpp", name="f")
    signer = answer(server, "baseline", "create", "v1")["Signer"]
    verified = answer(server, "backup", "verify", "--baseline", "v1")
    assert verified["Problems"] == [] and verified["Packages"] == 1
    assert verified["Bytes"] > len(package("cpp"))

    copy = readable_copy(server, tmp_path)
    git(copy, "tag", "-f", "baseline/light", "main")
    message = git(copy, "cat-file", "tag", "baseline/v1").split("\n\n", 1)[1].split("-----BEGIN")[0]
    git(copy, "-c", "user.name=x", "-c", "user.email=y", "tag", "-a", "-m", message, "baseline/unsigned", "main")
    words = ("restore", "--vault", str(copy), "--signer", signer)
    assert "is a commit, not a tag" in meridian(server, *words, "--baseline", "light", fails=True)
    git(copy, "tag", "-f", "baseline/other-name", "refs/tags/baseline/v1")
    assert "holds the baseline v1" in meridian(server, *words, "--baseline", "other-name", fails=True)
    refused = meridian(server, *words, "--baseline", "unsigned", fails=True)
    assert "is not signed, or was changed since" in refused, refused
    assert "no baseline v2" in meridian(server, *words, "--baseline", "v2", fails=True)
    plain = tmp_path / "plain.git"
    subprocess.run(["git", "init", "-q", "--bare", str(plain)], check=True)
    assert "so it is no vault" in meridian(server, "restore", "--vault", str(plain), "--baseline", "v1", fails=True)

    # Flip a byte in the middle of the package's part, which is stored as it is.
    packs = sorted((copy / "objects" / "pack").glob("*.pack"), key=lambda p: p.stat().st_size)
    packs[-1].chmod(0o644)
    data = bytearray(packs[-1].read_bytes())
    data[len(data) // 2] ^= 0x40
    packs[-1].write_bytes(data)
    bare = start_server()
    refused = meridian(bare, *words, "--baseline", "v1", fails=True)
    digest = hashlib.sha256(package("cpp")).hexdigest()
    assert f"code/{digest[:2]}/{digest}: " in refused, refused
    assert not bare.client("lambda").list_functions()["Functions"], "nothing is half restored"


def test_a_restore_that_is_killed_is_begun_again(start_server):
    server = start_server()
    functions = Functions(server)
    code = package("cpp")
    for number in range(40):
        functions("cpp", name=f"f{number}", code=code, settle=False)
    answer(server, "baseline", "create", "v1")
    for function in functions.made:
        function.settle()
        function.delete()
    caught_up(server)
    thread = threading.Thread(target=lambda: subprocess.run(
        [server.tool("meridian"), "restore", "--baseline", "v1", "--data", str(server.data)], capture_output=True,
        env=server.environment()))
    thread.start()
    time.sleep(0.03)
    server.kill9()
    thread.join()
    server.start()
    answer(server, "restore", "--baseline", "v1")
    api = Functions(server).api()
    names = {f["FunctionName"] for page in api.get_paginator("list_functions").paginate() for f in page["Functions"]}
    assert names == {f"f{number}" for number in range(40)}
    for name in sorted(names):
        settled(server, name)


def test_who_may_restore(start_server):
    server = start_server()
    iam = server.client("iam")
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "meridian:ListBaselines",
                                                 "Resource": "arn:aws:meridian:us-east-1:123456789012:vault"}]}))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    environment = {**server.environment(), "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                   "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    environment.pop("AWS_SHARED_CREDENTIALS_FILE")

    def run(*words):
        return subprocess.run([server.tool("meridian"), *words], capture_output=True, text=True, env=environment)
    assert run("baseline", "list").returncode == 0
    refused = run("restore", "--baseline", "v1")
    assert refused.returncode != 0
    assert "user/reader is not authorized to perform: meridian:Restore on resource: " \
        "arn:aws:meridian:us-east-1:123456789012:vault" in refused.stderr


def test_bad_requests(start_server):
    server = start_server(flags=["--vault", "on"])
    assert "is no name for a baseline" in meridian(server, "baseline", "create", "a b", fails=True)
    assert "is no name for a baseline" in meridian(server, "baseline", "create", "../x", fails=True)
    answer(server, "baseline", "create", "v1")
    assert "There is a baseline v1 already" in meridian(server, "baseline", "create", "v1", fails=True)
    assert "There is no baseline v9" in meridian(server, "baseline", "diff", "v1", "v9", fails=True)
    assert "At is a time such as" in meridian(server, "restore", "--at", "yesterday", fails=True)
    assert "begins after that moment" in meridian(server, "restore", "--at", "2001-01-01T00:00:00Z", fails=True)
    assert "absolute path" in meridian(server, "restore", "--baseline", "v1", "--vault", "x.git", fails=True)
    assert "keeps no vault here" in meridian(server, "restore", "--baseline", "v1", "--into", HOME, region="eu-west-1",
                                             fails=True)
    assert "--map is FROM=TO" in meridian(server, "restore", "--baseline", "v1", "--map", "x", fails=True)


def test_a_region_without_a_vault_says_so(start_server):
    server = start_server(flags=["--vault", "off"])
    assert "keeps no vault" in meridian(server, "baseline", "list", fails=True)
    assert not vault_of(server).exists() and server.recovery_key is None


@pytest.fixture
def nothing_by_itself(tmp_path):
    """Flags of a server that backs up and verifies only when it is asked to."""
    config = tmp_path / "quiet.yaml"
    config.write_text("backup: {every: never, verify: {index: never, hash: never}}\n")
    return ["--config", str(config)]


def test_a_function_that_proves_a_backup_reaches_no_api(start_server, tmp_path, nothing_by_itself):
    server = start_server(flags=nothing_by_itself)
    functions = Functions(server)
    code = """
import boto3
from botocore.exceptions import ClientError
def handler(event, context):
    try:
        return boto3.client("lambda").delete_function(FunctionName=event["delete"])["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["Error"]
"""
    function = functions("python", code=make_zip({"handler.py": code}), Timeout=30, MemorySize=256)
    victim = functions("cpp")
    server.client("iam").put_role_policy(
        RoleName=functions.role.rsplit("/", 1)[1], PolicyName="all", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}}))
    event, wanted = tmp_path / "event.json", tmp_path / "answer.json"
    event.write_text(json.dumps({"delete": victim.name}))
    wanted.write_text(json.dumps({"Message": "A backup is being verified: functions reach no API.",
                                  "Code": "AccessDeniedException"}))
    answer(server, "test-event", "put", function.name, "delete", "--event", str(event), "--answer", str(wanted))
    proof = answer(server, "backup", "verify", "--level", "invoke")
    assert proof["Problems"] == [] and proof["Answered"] == 1, proof
    assert victim.invoke({}).error is None
    assert function.invoke({"delete": victim.name}).json == 204  # what it does where it lives


def test_a_backup_is_proven_at_every_level(start_server, tmp_path, nothing_by_itself):
    server = start_server(flags=nothing_by_itself)
    functions = Functions(server)
    rich_function(functions)
    functions("cpp", name="other")
    event = tmp_path / "event.json"
    event.write_text('{"do": "echo", "n": 1}')
    assert "never proven" in meridian(server, "backup", "status")
    recorded = answer(server, "test-event", "record", "other", "echo", "--event", str(event))
    assert recorded["Event"] == {"do": "echo", "n": 1} and "Answer" in recorded
    wanted = tmp_path / "answer.json"
    wanted.write_text('"something else"')
    answer(server, "test-event", "put", "rich", "none", "--event", str(event))
    assert [e["Name"] for e in answer(server, "test-event", "list", "other")["TestEvents"]] == ["echo"]

    for level, more in (("index", {}), ("hash", {}), ("restore", {"Functions": 4}),
                        ("invoke", {"Functions": 4, "Initialised": 4, "Answered": 1})):
        proof = answer(server, "backup", "verify", "--level", level)
        assert proof["Problems"] == [] and proof["Proven"], proof
        assert {k: proof[k] for k in more} == more, proof
    assert "1 test event without a recorded answer" in " ".join(proof["Notes"])
    status = {level["Level"]: level for level in answer(server, "backup", "status")["Levels"]}
    assert status["invoke"]["Proven"]["By"].endswith(":root")
    assert status["restore"]["Proven"]["ProvenAsOf"] == status["restore"]["Last"]["Began"]

    # What answers otherwise than it did is found; what was proven before stays said.
    answer(server, "test-event", "put", "rich", "none", "--event", str(event), "--answer", str(wanted))
    failed = meridian(server, "backup", "verify", "--level", "invoke", fails=True)
    assert "test event rich:none: the answer is another than the recorded one" in failed, failed
    status = {level["Level"]: level for level in answer(server, "backup", "status")["Levels"]}
    assert status["invoke"]["Last"]["Problems"] and status["invoke"]["Proven"]["Answered"] == 1
    # Proofs are commits that travel with the vault; the scratch region is gone.
    vault = vault_of(server)
    assert int(git(vault, "rev-list", "--count", "refs/meridian/proofs")) == 5
    assert not (server.data / HOME / "scratch").exists()
    assert git(vault, "fsck", "--full") == ""
    # A test event goes with its function and comes back with it.
    answer(server, "baseline", "create", "v1")
    functions.made[-1].delete()
    answer(server, "restore", "--baseline", "v1", "--function", "other")
    assert answer(server, "test-event", "show", "other", "echo")["Answer"] == recorded["Answer"]
    assert "no test event x" in meridian(server, "test-event", "show", "other", "x", fails=True)
    assert "Function not found" in meridian(server, "test-event", "list", "nobody", fails=True)


def test_hashes_are_verified_in_parts(start_server, nothing_by_itself):
    server = start_server(flags=nothing_by_itself)
    functions = Functions(server)
    for number in range(4):
        functions("python", name=f"f{number}", code=make_zip({"handler.py": f"# {number}\n" * 200}))
    parts = [answer(server, "backup", "verify", "--part", f"{n}/3") for n in (1, 2, 3)]
    assert sum(p["Packages"] for p in parts) == 4
    assert [p["Proven"] for p in parts] == [False, False, True]
    assert parts[2]["ProvenAsOf"] == parts[0]["Began"]
    assert "--part is N/T" in meridian(server, "backup", "verify", "--part", "3", fails=True)
    assert "Part is 1 to Parts" in meridian(server, "backup", "verify", "--part", "4/3", fails=True)


def test_backups_happen_by_themselves_and_reach_copies(start_server, tmp_path):
    copies = tmp_path / "copies"
    copies.mkdir()
    copies.chmod(0o777)
    # The process ended while it made the copy's folder.
    half = copies / "vault.git.making"
    half.mkdir()
    (half / "config.lock").touch()
    half.chmod(0o777)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    config = tmp_path / "meridian.yaml"
    config.write_text(f"""
backup:
  every: 2s
  keep: {{last: 2, hourly: 0, daily: 0}}
  verify: {{index: 1s, hash: 1s, hash_parts: 2, restore: 3s}}
  copies: [{copies}/vault.git, {tmp_path}/no/such/place.git, {closed}/vault.git]
""")
    server = start_server(flags=["--config", str(config)], regions=(HOME,))
    functions = Functions(server)
    functions("cpp", name="f")
    wait_until(lambda: len(answer(server, "backup", "list")["Backups"]) >= 2, seconds=60, what="two backups")
    wait_until(lambda: all("Proven" in level for level in answer(server, "backup", "status")["Levels"][:3]),
               seconds=60, what="every level is proven by itself")
    status = {level["Level"]: level for level in answer(server, "backup", "status")["Levels"]}
    assert status["hash"]["Proven"]["By"] == "schedule" and status["hash"]["Proven"]["Parts"] == 2
    assert "Last" not in status["invoke"]
    listed = answer(server, "backup", "list")
    good, bad, unseen = listed["Copies"]
    assert "Sent" in good and "Error" not in good
    assert "Error" in bad and "Sent" not in bad
    assert unseen["Error"] == f"the server cannot look for {closed}/vault.git: Permission denied"
    assert [folder.name for folder in copies.iterdir()] == ["vault.git"]
    assert len(listed["Backups"]) <= 3, "older ones are pruned"
    refused = meridian(server, "backup", "create", "-m", "now", fails=True)
    assert "2 copies did not get the backup" in refused
    newest = answer(server, "backup", "list")["Backups"][-1]["Name"]
    # The copy is a vault: it has the history, the baseline and the proofs.
    copy = copies / "vault.git"
    assert git(copy, "rev-parse", f"baseline/{newest}^{{commit}}")
    assert int(git(copy, "rev-list", "--count", "refs/meridian/proofs")) > 0
    assert git(copy, "fsck", "--full", "--no-dangling") == ""  # a pruned backup leaves its tag


def test_a_bad_configuration_is_refused_before_anything_starts(start_server, tmp_path):
    config = tmp_path / "meridian.yaml"
    config.write_text("backup:\n  evry: 1h\n")
    server = start_server()
    done = subprocess.run([server.tool("meridian"), "up", "--data", str(tmp_path / "data"), "--config", str(config)],
                          capture_output=True, text=True, env=server.environment(), timeout=20)
    assert done.returncode == 1 and "meridian.yaml:2:3: backup has no evry" in done.stderr
    assert not (tmp_path / "data").exists()


def test_prune_keeps_what_was_named(start_server, nothing_by_itself):
    server = start_server(flags=nothing_by_itself)
    Functions(server)("cpp", name="f")
    answer(server, "baseline", "create", "v1")
    for _ in range(3):
        answer(server, "backup", "create")
        time.sleep(1.1)  # their names are seconds
    words = ("backup", "prune", "--last", "1", "--hourly", "0", "--daily", "0")
    would = answer(server, *words, "--dry-run")["Removed"]
    assert len(would) == 2 and len(answer(server, "backup", "list")["Backups"]) == 3
    assert answer(server, *words)["Removed"] == would
    names = [b["Name"] for b in answer(server, "baseline", "list")["Baselines"]]
    assert names[0] == "v1" and len(names) == 2


def test_rollback_and_promote_know_the_way_back(start_server):
    server = start_server()
    functions = Functions(server)
    function = functions("cpp", name="f")
    answer(server, "baseline", "create", "good")
    function.configure(MemorySize=1024)
    functions("cpp", name="late")
    assert "delete function late" in meridian(server, "baseline", "rollback", "good", "--dry-run")
    said = meridian(server, "baseline", "rollback", "good")
    undo = said.split("Undo it with: meridian baseline rollback ")[1].split()[0]
    api = server.client("lambda")
    function.settle()
    assert api.get_function_configuration(FunctionName="f")["MemorySize"] != 1024
    with pytest.raises(ClientError):
        api.get_function(FunctionName="late")
    answer(server, "baseline", "rollback", undo)
    function.settle()
    assert api.get_function_configuration(FunctionName="f")["MemorySize"] == 1024
    settled(server, "late")

    said = meridian(server, "baseline", "promote", "good", "--into", OTHER)
    settled(server, "f", OTHER)
    undo = said.split("Undo it with: meridian baseline rollback ")[1].split()[0]
    answer(server, "baseline", "rollback", undo, region=OTHER)
    with pytest.raises(ClientError):
        server.client("lambda", region=OTHER).get_function(FunctionName="f")
