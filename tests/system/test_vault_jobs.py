"""Long work on a vault: it goes on without its caller and after a kill, shows how far it is, and a remote that hangs, a full
disk or a copy that is not what it was is found and named."""

import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from command_line import HOME, OTHER, answer, command, meridian
from conftest import Functions
from meridian_server import make_zip, wait_until
from test_vault import caught_up, git, git_environment, settled, vault_of  # noqa: F401

HANGS_SECONDS = 4


@contextlib.contextmanager
def hanging_remote():
    """A git remote that takes connections and never says anything."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    held = []

    def take():
        with contextlib.suppress(OSError):
            while True:
                held.append(listener.accept())
    threading.Thread(target=take, daemon=True).start()
    try:
        yield f"http://user:hidden@127.0.0.1:{listener.getsockname()[1]}/vault.git"
    finally:
        listener.close()
        for connection, _ in held:
            connection.close()


def reachable_folder(tmp_path, name):
    """Where the server's own user may write."""
    folder = tmp_path / name
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def many_functions(functions):
    """So many that a restore of them can be interrupted; gives their names."""
    names = [f"f{number:02}" for number in range(60)]
    for name in names:
        functions("python", name=name, settle=False,
                  code=make_zip({"handler.py": f"# {name}\ndef handler(event, context): return '{name}'\n"}))
    return names


def config_with(tmp_path, copies, **more):
    config = tmp_path / "meridian.yaml"
    config.write_text(json.dumps({"backup": {
        "every": "never", "copies": [copy if isinstance(copy, dict) else str(copy) for copy in copies], "copy_timeout": f"{HANGS_SECONDS}s",
        "verify": {"index": "never", "hash": "never"}, **more}}))  # JSON is YAML
    return ["--config", str(config)]


def begin(server, *words, region=HOME):
    return subprocess.Popen(command(server, *words, region=region), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=server.environment())


def jobs(server, kind=None):
    return [job for job in answer(server, "job", "list")["Jobs"] if kind in (None, job["Kind"])]


def test_a_remote_that_hangs_holds_up_nobody_else(start_server, tmp_path):
    good = reachable_folder(tmp_path, "copies") / "vault.git"
    with hanging_remote() as remote:
        server = start_server(flags=config_with(tmp_path, [remote, good], verify={"index": "1s", "hash": "never"}),
                              regions=(HOME,))
        Functions(server)("cpp", name="f")
        began = time.monotonic()
        backup = begin(server, "backup", "create", "-m", "now")
        shown = remote.replace(":hidden", "")
        # The other copy has it long before this one is given up, and verifications go on.
        states = wait_until(lambda: (c := {c["Copy"]: c for c in answer(server, "backup", "list")["Copies"]})
                            and "Sent" in c[str(good)] and c, what="the good copy is sent")
        assert "SendingSince" in states[shown], states
        assert time.monotonic() - began < HANGS_SECONDS
        wait_until(lambda: "Proven" in answer(server, "backup", "status")["Levels"][0], what="verifications go on")
        out, errors = backup.communicate(timeout=60)
        assert time.monotonic() - began >= HANGS_SECONDS
        assert backup.returncode == 1 and "1 copy did not get the backup" in errors
        assert f"{shown}: not sent: it did not answer in time: given up after {HANGS_SECONDS} s" in out, out
        # How far it was stands on standard error, a plain line every few seconds; the password nowhere.
        assert re.search(r"^1/2 copies sent", errors, re.M), errors
        assert "hidden" not in out + errors + json.dumps(answer(server, "backup", "list")) + server.errors()
        newest = answer(server, "backup", "list")["Backups"][-1]["Name"]
        assert git(good, "rev-parse", f"baseline/{newest}^{{commit}}")


def test_work_goes_on_without_its_caller_and_after_a_kill(start_server, tmp_path):
    with hanging_remote() as remote:
        server = start_server(flags=config_with(tmp_path, [remote]), regions=(HOME,))
        Functions(server)("cpp", name="f")
        left = begin(server, "backup", "create", "-m", "one")
        job = wait_until(lambda: jobs(server), what="the job begins")[0]
        assert job["Kind"] == "Backup" and job["State"] == "Running" and job["By"].endswith(":root")
        wait_until(lambda: jobs(server)[0]["Progress"]["Doing"] == "copies sent", what="it sends")
        left.send_signal(signal.SIGINT)
        _, errors = left.communicate(timeout=20)
        assert left.returncode == 1
        assert (f"{job['Id']} goes on without you. Follow it with: meridian job watch {job['Id']} --region {HOME}; "
                f"end it with: meridian job cancel {job['Id']} --region {HOME}") in errors
        done = answer(server, "job", "watch", job["Id"])
        assert done["State"] == "Succeeded" and done["Result"]["Copies"][0]["Error"]
        assert f"{job['Id']}  Backup   Succeeded" in meridian(server, "job", "list")

        # One that a kill interrupted begins again, and makes no second backup.
        begin(server, "backup", "create", "-m", "two").stdout.close()
        second = wait_until(lambda: jobs(server)[1:], what="the second job begins")[0]
        wait_until(lambda: answer(server, "job", "show", second["Id"])["Progress"]["Doing"] == "copies sent")
        server.kill9()
        server.start()
        done = answer(server, "job", "watch", second["Id"])
        assert done["State"] == "Succeeded" and done["Starts"] == 2
        assert [b["Message"] for b in answer(server, "backup", "list")["Backups"]] == ["one", "two"]
        assert "There is no job" in meridian(server, "job", "show", "j-000000000", fails=True)


def test_a_restore_goes_on_after_a_kill(start_server):
    server = start_server()
    functions = Functions(server)
    names = many_functions(functions)
    answer(server, "baseline", "create", "v1")
    killed = begin(server, "restore", "--baseline", "v1", "--into", OTHER)
    wait_until(lambda: answer(server, "job", "list", region=OTHER)["Jobs"], every=0.005, what="the job begins")
    server.kill9()
    killed.communicate(timeout=60)
    server.start()
    job = answer(server, "job", "list", region=OTHER)["Jobs"][0]
    done = answer(server, "job", "watch", job["Id"], region=OTHER)
    assert done["State"] == "Succeeded" and done["Kind"] == "Restore", done
    there = server.client("lambda", region=OTHER)
    found = {f["FunctionName"] for page in there.get_paginator("list_functions").paginate() for f in page["Functions"]}
    assert found == set(names)
    settled(server, names[-1], OTHER)
    assert json.load(there.invoke(FunctionName=names[-1])["Payload"]) == names[-1]


def pushes_to(remote):
    """git processes of this machine that talk to the remote."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if b"git" in words[0].split(b"/")[-1] and any(remote.rsplit("@", 1)[1].encode() in word for word in words):
                found.append(entry)
    return found


def test_what_is_cancelled_stops_and_is_never_begun_again(start_server, tmp_path):
    with hanging_remote() as remote:
        server = start_server(flags=config_with(tmp_path, [remote], copy_timeout="1h"), regions=(HOME,))
        Functions(server)("cpp", name="f")
        shown = remote.replace(":hidden", "")
        # A backup whose copy hangs: git is ended, the backup stays, who waits for it is told.
        waits = begin(server, "backup", "create", "-m", "one")
        job = wait_until(lambda: (j := jobs(server)) and j[0]["Progress"]["Doing"] == "copies sent" and j[0], what="it sends")
        wait_until(lambda: pushes_to(remote), what="git pushes")
        told = meridian(server, "job", "cancel", job["Id"])
        assert f"{job['Id']}  Backup   Cancelled" in told and "by arn:aws:iam::123456789012:root at 0/1 copies sent." in told, told
        assert "What it had made and sent stays" in told
        wait_until(lambda: not pushes_to(remote), what="git is gone")
        _, errors = waits.communicate(timeout=20)
        assert waits.returncode == 1 and "It was cancelled by arn:" in errors and "the next backup sends the rest" in errors
        assert [b["Message"] for b in answer(server, "backup", "list")["Backups"]] == ["one"]
        assert answer(server, "backup", "list")["Copies"] == [{"Copy": shown, "Error": "It was cancelled."}]
        # Over is over.
        assert f"The job {job['Id']} is over already: Cancelled." in meridian(server, "job", "cancel", job["Id"], fails=True)
        assert "There is no job" in meridian(server, "job", "cancel", "j-000000000", fails=True)
        assert "cancelled" in meridian(server, "job", "watch", job["Id"], fails=True)

        # A verification of the copy leaves no proof, and what waited for it has its turn.
        waits = begin(server, "backup", "verify", "--remote", shown)
        second = wait_until(lambda: jobs(server, "Verify"), what="the second job begins")[0]
        wait_until(lambda: pushes_to(remote), what="git fetches")
        third = begin(server, "backup", "verify", "--level", "index")
        assert "Nothing is kept of it" in meridian(server, "job", "cancel", second["Id"])
        assert waits.wait(20) == 1 and third.wait(20) == 0
        assert "Last" not in answer(server, "backup", "status")["Copies"][0]

        # What was to stop when the server was killed does not begin again.
        begin(server, "backup", "create", "-m", "two").stdout.close()
        last = wait_until(lambda: (j := jobs(server, "Backup")[1:]) and j[0]["Progress"]["Doing"] == "copies sent" and j[0])
        done = answer(server, "job", "cancel", last["Id"])
        assert done["State"] == "Cancelled" and done["CancelledBy"].endswith(":root")
        server.kill9()
        server.start()
        assert [job["State"] for job in jobs(server)] == ["Cancelled", "Cancelled", "Succeeded", "Cancelled"]
        assert answer(server, "job", "show", last["Id"]) == done and not pushes_to(remote)


def test_a_cancelled_restore_keeps_what_it_wrote_and_the_next_does_the_rest(start_server):
    server = start_server()
    functions = Functions(server)
    names = many_functions(functions)
    functions("cpp", name="theirs", region=OTHER)
    caught_up(server, OTHER)
    time.sleep(2)  # moments are whole seconds
    answer(server, "baseline", "create", "v1")
    there = server.client("lambda", region=OTHER)
    for attempt in range(10):
        waits = begin(server, "restore", "--baseline", "v1", "--into", OTHER)
        job = wait_until(lambda: answer(server, "job", "list", region=OTHER)["Jobs"][attempt:], every=0.005, what="the job begins")[0]
        cancel = begin(server, "job", "cancel", job["Id"], region=OTHER)
        told, errors = cancel.communicate(timeout=20)
        if cancel.returncode == 0:
            break
        # A fast machine: it was over before. Once more, from the beginning.
        assert "over" in errors, errors
        waits.communicate(timeout=20)
        for name in names:
            there.delete_function(FunctionName=name)
        caught_up(server, OTHER)
        time.sleep(2)
    assert "What it had written stays. The same restore again does what is left; the way back: meridian restore --at " in told
    _, errors = waits.communicate(timeout=20)
    assert waits.returncode == 1 and "It was cancelled by" in errors and f"--exact --region {OTHER}" in errors, errors

    def found():
        return {f["FunctionName"] for page in there.get_paginator("list_functions").paginate() for f in page["Functions"]}
    assert found() <= {"theirs", *names}
    back = re.search(r"the way back: meridian (restore --at \S+ --exact) --region", told)[1]
    answer(server, *back.split(), region=OTHER)
    assert found() == {"theirs"}
    answer(server, "restore", "--baseline", "v1", "--into", OTHER)
    assert found() == {"theirs", *names}
    settled(server, names[-1], OTHER)
    assert json.load(there.invoke(FunctionName=names[-1])["Payload"]) == names[-1]


def test_what_is_wrong_with_a_request_is_said_at_once(start_server, tmp_path):
    good = reachable_folder(tmp_path, "copies") / "vault.git"
    server = start_server(flags=config_with(tmp_path, [good]), regions=(HOME,))
    for words, said in ((("backup", "verify", "--remote", "elsewhere"), f"elsewhere is no copy of this vault; there are {good}"),
                        (("backup", "verify", "--remote", str(good), "--level", "restore"), "verified as a whole"),
                        (("restore", "--at", "yesterday"), "At is a time such as")):
        assert said in meridian(server, *words, fails=True)
    assert jobs(server) == []
    # What only shows in the work is the job's failure.
    assert "There is no baseline v9" in meridian(server, "restore", "--baseline", "v9", fails=True)
    assert [(j["State"], j["Error"]) for j in jobs(server)] == [("Failed", "There is no baseline v9.")]


def test_a_copy_is_proven_or_what_is_wrong_with_it_is_named(start_server, tmp_path):
    copies = reachable_folder(tmp_path, "copies")
    copy = copies / "vault.git"
    server = start_server(flags=config_with(tmp_path, [copy]), regions=(HOME,))
    functions = Functions(server)
    functions("python", name="f", code=make_zip({"handler.py": "def handler(event, context): return 1\n",
                                                 "data": random.Random(1).randbytes(4000)}))
    words = ("backup", "verify", "--remote", str(copy))
    never = meridian(server, *words, fails=True)
    assert "it cannot be read: git: " in never and "The copy has 1 problem." in never
    answer(server, "backup", "create")
    proof = answer(server, *words)
    assert proof["Proven"] and proof["Copy"] == str(copy) and proof["Packages"] == 1, proof
    assert proof["Commit"] == git(copy, "rev-parse", "main").strip()
    assert f"{copy} last proven {proof['ProvenAsOf']} by arn:" in meridian(server, "backup", "status")
    assert answer(server, "backup", "status")["Copies"][0]["Proven"]["Began"] == proof["Began"]

    # One that is behind is proven as far as it goes.
    functions.made[0].configure(Timeout=9)
    answer(server, "baseline", "create", "later")
    caught_up(server)
    behind = answer(server, *words)
    assert behind["Proven"] and behind["RegionSequence"] == proof["RegionSequence"]
    assert any(re.match(r"it is \d+ commits? behind: the next backup", note) for note in behind["Notes"])
    assert any("the baseline later is not there yet" in note for note in behind["Notes"])

    # A flipped bit in any object of it.
    loose = sorted(p for p in (copy / "objects").glob("??/*") if p.is_file())
    victim = loose[len(loose) // 2]
    sound = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(sound[:-6] + bytes([sound[-6] ^ 1]) + sound[-5:])
    told = meridian(server, *words, fails=True)
    assert "The copy has 1 problem." in told and "it cannot be read: git: " in told, told
    status = answer(server, "backup", "status")["Copies"][0]
    assert status["Last"]["Problems"] and status["Proven"]["Began"] == behind["Began"]
    victim.write_bytes(sound)
    assert answer(server, *words)["Proven"]

    # A baseline that somebody else has signed, and a history that is another one: found, and never overwritten.
    first = git(copy, "tag", "-l", "baseline/backup-*").split()[0]
    git(copy, "tag", "-f", first, "main~1")
    assert f"the baseline {first.removeprefix('baseline/')} is another one there" in meridian(server, *words, fails=True)
    git(copy, "update-ref", "-d", f"refs/tags/{first}")
    tree = git(copy, "rev-parse", "main^{tree}").strip()
    other = subprocess.run(["git", "-C", str(copy), "commit-tree", tree, "-m", "x"], text=True, capture_output=True, check=True,
                           env={**os.environ, "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x", "GIT_COMMITTER_NAME": "x",
                                "GIT_COMMITTER_EMAIL": "x"}).stdout.strip()
    git(copy, "update-ref", "refs/heads/main", other)
    assert "does not say how far the logs were followed" in meridian(server, *words, fails=True)
    refused = meridian(server, "backup", "create", fails=True)
    assert "not sent: git: " in refused and "rejected" in refused, refused
    assert git(copy, "rev-parse", "main").strip() == other
    # Proofs of copies are the vault's own, signed like the others.
    assert answer(server, "backup", "verify", "--level", "index")["Problems"] == []


@contextlib.contextmanager
def small_disk(folder, size):
    """`folder` with what is in it, on a file system of its own that is no larger."""
    info = folder.stat()
    aside = folder.with_name(folder.name + ".aside")
    folder.rename(aside)
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700,uid={info.st_uid},gid={info.st_gid}", "tmpfs",
                    str(folder)], check=True)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_in_the_middle_of_a_backup(start_server, tmp_path):
    server = start_server(flags=config_with(tmp_path, []), regions=(HOME,))
    functions = Functions(server)
    functions("python", name="before")
    answer(server, "baseline", "create", "v1")
    caught_up(server)
    server.stop()
    objects = vault_of(server) / "objects"
    with small_disk(objects, "1m"):
        try:
            server.start()
            functions = Functions(server)
            noise = random.Random(2)
            names = [f"large{number}" for number in range(3)]
            for name in names:
                functions("python", name=name, settle=False, code=make_zip(
                    {"handler.py": f"def handler(event, context): return '{name}'\n", "data": noise.randbytes(1_000_000)}))
            # The region itself goes on; its vault says why it does not, and since when.
            status = wait_until(lambda: (s := answer(server, "backup", "status"))["Troubles"] and s, seconds=30,
                                what="the vault is in trouble")
            assert status["Behind"] > 0 and "No space left on device" in status["Troubles"][0]["Error"], status
            assert "it cannot follow the region's log since " in meridian(server, "backup", "status")
            for name in names:
                settled(server, name)
                assert json.load(server.client("lambda").invoke(FunctionName=name)["Payload"]) == name
            # What was there is as it was, and no half-written pack is left.
            assert git(vault_of(server), "fsck", "--full") == ""
            assert not list((objects / "pack").glob("tmp_*"))
            # Space comes back: so does the vault, by itself, and has everything.
            subprocess.run(["mount", "-o", "remount,size=64m", str(objects)], check=True)
            status = wait_until(lambda: (s := answer(server, "backup", "status"))["Behind"] == 0 and s, seconds=60,
                                what="the vault follows again")
            assert status["Troubles"] == []
            proof = answer(server, "backup", "verify")
            assert proof["Problems"] == [] and proof["Proven"]
            assert git(vault_of(server), "fsck", "--full") == ""
            answer(server, "baseline", "create", "v2")
            done = answer(server, "baseline", "diff", "v1", "v2")["Changes"]
            assert {f"create function {name}" for name in names} <= {c["What"] for c in done}
        finally:
            if server.process is not None:
                server.stop()
