"""What all commands have in common: each says itself as JSON, and each that changes something says on a dry run what it would do, and
does nothing."""

import json
import os
import pathlib
import re
import subprocess

from command_line import HOME, answer, meridian
from conftest import Functions
from test_vault import caught_up, git_environment  # noqa: F401
from test_vault_jobs import config_with

PROGRAM = pathlib.Path(os.environ["MERIDIAN_BIN_DIR"]) / "meridian"
# These look at what is there, or at what somebody else does.
READING = {"list", "show", "diff", "status", "verify", "watch", "logs", "check", "drift", "doctor", "metrics"}
# `up` is the server; `build` writes a folder of its own, as a compiler does.
OTHERS = {("up",), ("build",)}


def help_of(words):
    return subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True, check=True).stdout


def commands(words=()):
    """Every command that does something itself, with its help."""
    text = help_of(words)
    below = re.search(r"^(?:Subcommands|SUBCOMMANDS):\s*$(.*)", text, re.M | re.S)
    if not below:
        return {words: text}
    found = {}
    for name in re.findall(r"^  ([a-z][a-z-]*) ", below[1], re.M):
        found |= commands((*words, name))
    return found


def test_each_command_has_json_and_each_that_changes_something_a_dry_run():
    found = commands()
    assert len(found) > 45 and ("pipeline", "create") in found and ("restore",) in found
    for words, text in found.items():
        assert ("--json" in text) == (words != ("up",)), words
        changes = words[-1] not in READING and words not in OTHERS
        assert ("--dry-run" in text) == changes, words


def everything(server):
    """All that a dry run could have changed."""
    region = server.client("lambda")
    return [answer(server, *words) for words in (
        ("baseline", "list"), ("backup", "list"), ("repo", "list"), ("pipeline", "list"), ("test-event", "list", "f"))] + [
        len(answer(server, "job", "list")["Jobs"]), region.get_function(FunctionName="f")["Configuration"]]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(start_server, tmp_path):
    server = start_server(flags=config_with(tmp_path, []), regions=(HOME,))
    Functions(server)("cpp", name="f")
    event = tmp_path / "event.json"
    event.write_text("{}")
    meridian(server, "repo", "create", "shop")
    meridian(server, "pipeline", "create", "shop", "--repository", "shop")
    meridian(server, "test-event", "put", "f", "one", "--event", str(event))
    meridian(server, "baseline", "create", "v1")
    caught_up(server)
    before = everything(server)
    for words, said in (
            (("repo", "create", "other"), "make the repository other"),
            (("repo", "delete", "shop"), "delete the repository shop with everything in it"),
            (("pipeline", "create", "other", "--repository", "shop"),
             "make the pipeline other: a push to the branch main of shop starts it"),
            (("pipeline", "delete", "shop"), "delete the pipeline shop with its executions"),
            (("pipeline", "start", "shop"), "start an execution of the pipeline shop with what its branch is at"),
            (("test-event", "put", "f", "two", "--event", str(event)), "keep the event two of f"),
            (("test-event", "record", "f", "two", "--event", str(event)), "invoke the function with the event and keep the event two of f"),
            (("test-event", "delete", "f", "one"), "delete the event one of f"),
            (("baseline", "create", "v2"), "name the state of now v2"),
            (("backup", "create"), "make a backup of the state of now and send it to every copy")):
        assert meridian(server, *words, "--dry-run") == f"Would {said}. Nothing was changed.\n"
        assert answer(server, *words, "--dry-run") == {"DryRun": True, "Would": said}
    assert everything(server) == before
    # What could not be done is the same error.
    for words, said in ((("repo", "create", "shop"), "Could not make the repository shop: it is there already."),
                        (("pipeline", "create", "shop", "--repository", "shop"), "it is there already"),
                        (("pipeline", "create", "other", "--repository", "nowhere"), "(404)"),
                        (("baseline", "create", "v1"), "it is there already"),
                        (("repo", "delete", "nowhere"), "(404)"), (("pipeline", "delete", "nowhere"), "(404)"),
                        (("pipeline", "approve", "shop:7"), "(404)"), (("pipeline", "start", "nowhere"), "(404)"),
                        (("test-event", "delete", "f", "nowhere"), "(404)"),
                        (("test-event", "put", "nowhere", "two", "--event", str(event)), "(404)"),
                        (("job", "cancel", "j-000000000"), "(404)"), (("rollout", "abort", "d-000000000"), "d-000000000"),
                        (("rollout", "resume", "d-000000000"), "d-000000000")):
        assert said in meridian(server, *words, "--dry-run", fails=True), words
    assert "--yes does it, --dry-run says what it would do" in meridian(server, "repo", "delete", "shop", fails=True)
    assert everything(server) == before


def test_a_runtime_is_not_built_on_a_dry_run(tmp_path):
    recipe = tmp_path / "recipes" / "mine" / "build"
    recipe.parent.mkdir(parents=True)
    recipe.write_text("#!/bin/sh\n")
    install = tmp_path / "recipes" / "install"
    install.write_text(f"#!/bin/sh\necho working\ntouch {tmp_path}/ran\n")
    install.chmod(0o755)
    environment = {**os.environ, "MERIDIAN_RECIPES": str(tmp_path / "recipes")}

    def run(*words, status=0):
        done = subprocess.run([PROGRAM, "runtime", "build", *words], capture_output=True, text=True, env=environment)
        assert done.returncode == status, done
        return done.stdout or done.stderr
    assert run("mine", "--dry-run").endswith(f"by {recipe}. Nothing was changed.\n")
    assert json.loads(run("mine", "--dry-run", "--json"))["DryRun"]
    assert "There is no recipe for other" in run("other", "--dry-run", status=1)
    assert not (tmp_path / "ran").exists()
    assert json.loads(run("mine", "--json"))["Runtime"] == "mine"
    assert (tmp_path / "ran").exists()
