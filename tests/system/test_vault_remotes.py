"""Copies of a vault where people keep them: over ssh and over https, with the real servers. What is refused, by whom, is named; no
question is ever asked, and the region goes on."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from command_line import HOME, OTHER, answer, meridian
from conftest import Functions
from git_remotes import SSHD, HttpsServer, make_certificate, make_key, make_repository, ssh_server
from test_vault import git, git_environment, settled  # noqa: F401
from test_vault_jobs import HANGS_SECONDS, config_with, hanging_remote, reachable_folder

needs_sshd = pytest.mark.skipif(not SSHD.exists(), reason="needs openssh-server")
# What a refusal may take: much less than what is given to a transfer.
REFUSED_SECONDS = 20


def for_server(file, folder):
    """A file that the server's own user, and nobody else, may read."""
    kept = reachable_folder(folder, f"for-server-{file.name}-{len(list(folder.iterdir()))}") / file.name
    shutil.copy(file, kept)
    kept.chmod(0o600)
    if os.geteuid() == 0:
        uid, gid = server_user()
        os.chown(kept, uid, gid)
    return str(kept)


def server_user():
    entry = subprocess.run(["getent", "passwd", "meridian"], capture_output=True, text=True).stdout.split(":")
    return (int(entry[2]), int(entry[3])) if len(entry) > 3 else (65534, 65534)


def start(start_server, tmp_path, copies, **more):
    flags = config_with(tmp_path, copies, **{"copy_timeout": "2m", **more})
    server = start_server(flags=flags, regions=(HOME, OTHER))
    Functions(server)("cpp", name="f")
    return server


def restored_from(server, folder, remote, environment, settings=()):
    """A clone of the copy, as somebody makes it on the day, restored into the other region."""
    clone = reachable_folder(folder, "clones") / "vault.git"
    subprocess.run(["git", *settings, "clone", "-q", "--mirror", remote, str(clone)], check=True,
                   env={**os.environ, **environment})
    for path in [clone, *clone.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    key = folder / "recovery"
    key.write_text(server.recovery_key)
    name = answer(server, "backup", "list")["Backups"][-1]["Name"]
    done = answer(server, "restore", "--vault", str(clone), "--baseline", name, "--recovery-key-file", str(key), region=OTHER)
    assert done["Applied"]
    settled(server, "f", OTHER)
    assert server.client("lambda", region=OTHER).invoke(FunctionName="f")["StatusCode"] == 200


@needs_sshd
def test_a_copy_over_ssh_is_sent_proven_and_restored_from(start_server, tmp_path):
    folder = reachable_folder(tmp_path, "remote")
    with ssh_server(tmp_path / "sshd") as there:
        remote = f"{there.origin}{make_repository(folder / 'vault.git')}"
        server = start(start_server, tmp_path, [{
            "remote": remote, "ssh_key": for_server(there.key, tmp_path), "known_hosts": for_server(there.known_hosts, tmp_path)}])
        made = answer(server, "backup", "create")
        assert made["Copies"][0]["Copy"] == remote and "Error" not in made["Copies"][0], made
        assert git(folder / "vault.git", "rev-parse", f"baseline/{made['Name']}^{{commit}}").strip() == made["Commit"]
        proof = answer(server, "backup", "verify", "--remote", remote)
        assert proof["Proven"] and proof["Problems"] == [] and proof["Packages"] == 1, proof
        restored_from(server, tmp_path, remote, {
            "GIT_SSH_COMMAND": f"ssh -i {there.key} -o UserKnownHostsFile={there.known_hosts} -o BatchMode=yes"})


def test_a_copy_over_https_is_sent_proven_and_restored_from(start_server, tmp_path):
    folder = reachable_folder(tmp_path, "remote")
    make_repository(folder / "vault.git")
    with HttpsServer(folder, tmp_path / "tls") as there:
        remote = f"{there.origin}/vault.git"
        secret = tmp_path / "credentials"
        secret.write_text(f"username={there.user}\npassword={there.password}\n")
        server = start(start_server, tmp_path, [{
            "remote": remote, "ca_file": for_server(there.ca, tmp_path), "credentials": for_server(secret, tmp_path)}])
        made = answer(server, "backup", "create")
        assert "Error" not in made["Copies"][0], made
        assert git(folder / "vault.git", "rev-parse", f"baseline/{made['Name']}^{{commit}}").strip() == made["Commit"]
        proof = answer(server, "backup", "verify", "--remote", remote)
        assert proof["Proven"] and proof["Problems"] == [] and proof["Packages"] == 1, proof
        helper = f"!f() {{ test \"$1\" != get || cat {secret}; }}; f"
        restored_from(server, tmp_path, remote, {"GIT_SSL_CAINFO": str(there.ca)}, ["-c", f"credential.helper={helper}"])
        assert there.password not in server.errors()


def refusals(server, count):
    """What a backup says of its copies, each in the order of the configuration, and what it took."""
    began = time.monotonic()
    said = meridian(server, "backup", "create", fails=True)
    taken = time.monotonic() - began
    assert f"{count} {'copy' if count == 1 else 'copies'} did not get the backup" in said, said
    return {copy["Copy"]: copy.get("Error") for copy in answer(server, "backup", "list")["Copies"]}, taken


def region_goes_on(server):
    api = server.client("lambda")
    api.update_function_configuration(FunctionName="f", Description="later")
    settled(server, "f")
    assert api.invoke(FunctionName="f")["StatusCode"] == 200
    assert answer(server, "backup", "verify", "--level", "index")["Problems"] == []


@needs_sshd
def test_what_is_wrong_over_ssh_is_named_and_nothing_is_asked(start_server, tmp_path):
    folder = reachable_folder(tmp_path, "remote")
    with ssh_server(tmp_path / "sshd") as there:
        key, known = for_server(there.key, tmp_path), for_server(there.known_hosts, tmp_path)
        another = tmp_path / "another_hosts"
        public = pathlib.Path(f"{make_key(tmp_path / 'another')}.pub").read_text().split()
        another.write_text(f"[127.0.0.1]:{there.port} {public[0]} {public[1]}\n")
        nobody = tmp_path / "no_hosts"
        nobody.write_text("")
        broken = {"wrong-key": {"ssh_key": for_server(tmp_path / "another", tmp_path), "known_hosts": known},
                  "wrong-host-key": {"ssh_key": key, "known_hosts": for_server(another, tmp_path)},
                  "unknown-host": {"ssh_key": key, "known_hosts": for_server(nobody, tmp_path)},
                  "no-file": {"ssh_key": "/nonexistent/key", "known_hosts": known},
                  "no-repository": {"ssh_key": key, "known_hosts": known}}
        remotes = {name: f"{there.origin}{folder}/{name}.git" for name in broken}
        for name in list(broken)[:-1]:
            make_repository(folder / f"{name}.git")
        good = f"{there.origin}{make_repository(folder / 'good.git')}"
        server = start(start_server, tmp_path, [
            *({"remote": remotes[name], **access} for name, access in broken.items()),
            {"remote": good, "ssh_key": key, "known_hosts": known}])
        errors, taken = refusals(server, len(broken))
        assert taken < REFUSED_SECONDS
        for name, said in (("wrong-key", "ssh_key: the server does not accept it; git: .*Permission denied"),
                           ("wrong-host-key", "known_hosts: the server's host key is not among them; git: "),
                           ("unknown-host", "known_hosts: the server's host key is not among them; git: "),
                           ("no-file", "ssh_key: the server cannot read /nonexistent/key: No such file or directory"),
                           ("no-repository", "git: .*does not appear to be a git repository")):
            assert re.search(said, errors[remotes[name]], re.S), errors[remotes[name]]
        assert errors[good] is None
        assert git(folder / "good.git", "tag", "-l", "baseline/backup-*")
        region_goes_on(server)
        # Reading it is refused in the same words.
        said = meridian(server, "backup", "verify", "--remote", remotes["wrong-host-key"], fails=True)
        assert "it cannot be read: known_hosts: the server's host key is not among them" in said, said


def test_what_is_wrong_over_https_is_named_and_nothing_is_asked(start_server, tmp_path):
    folder = reachable_folder(tmp_path, "remote")
    with HttpsServer(folder, tmp_path / "tls") as there:
        secret, wrong = tmp_path / "credentials", tmp_path / "wrong"
        secret.write_text(f"username={there.user}\npassword={there.password}\n")
        wrong.write_text(f"username={there.user}\npassword=guess\n")
        make_certificate(tmp_path / "other.pem", tmp_path / "other.key")
        ca, good = for_server(there.ca, tmp_path), for_server(secret, tmp_path)
        broken = {"wrong-ca": {"ca_file": for_server(tmp_path / "other.pem", tmp_path), "credentials": good},
                  "no-ca": {"credentials": good},
                  "wrong-password": {"ca_file": ca, "credentials": for_server(wrong, tmp_path)},
                  "no-password": {"ca_file": ca}}
        for name in broken:
            make_repository(folder / f"{name}.git")
        remotes = {name: f"{there.origin}/{name}.git" for name in broken}
        server = start(start_server, tmp_path, [
            {"remote": remotes[name], **access} for name, access in broken.items()])
        errors, taken = refusals(server, len(broken))
        assert taken < REFUSED_SECONDS
        for name, said in (("wrong-ca", "ca_file: it does not vouch for the server's certificate; git: "),
                           ("no-ca", "ca_file: it does not vouch for the server's certificate; git: "),
                           ("wrong-password", "credentials: the server does not accept them; git: "),
                           ("no-password", "credentials: the server wants some; git: ")):
            assert errors[remotes[name]].startswith(said), errors[remotes[name]]
        assert there.password not in str(errors) and "guess" not in str(errors)
        # A refusal costs nobody the credentials.
        assert "password=guess" in wrong.read_text()
        region_goes_on(server)


@needs_sshd
def test_remotes_that_hang_are_given_up_within_the_bound(start_server, tmp_path):
    with hanging_remote() as http:
        at = http.rsplit("@", 1)[1]
        key, known = tmp_path / "key", tmp_path / "known"
        make_key(key)
        known.write_text("")
        remotes = [f"ssh://git@{at}", f"https://{at}"]
        server = start(start_server, tmp_path, [
            {"remote": remotes[0], "ssh_key": for_server(key, tmp_path), "known_hosts": for_server(known, tmp_path)},
            {"remote": remotes[1]}], copy_timeout=f"{HANGS_SECONDS}s")
        errors, taken = refusals(server, 2)
        assert HANGS_SECONDS <= taken < HANGS_SECONDS + REFUSED_SECONDS
        for remote in remotes:
            assert errors[remote] == f"it did not answer in time: given up after {HANGS_SECONDS} s"
        region_goes_on(server)


def signed_by(key, text):
    return subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(key)], input=text, text=True,
                          capture_output=True, check=True).stdout


def test_a_copy_whose_baseline_nobody_here_has_signed_is_refused_and_named(start_server, tmp_path):
    copy = reachable_folder(tmp_path, "copies") / "vault.git"
    server = start(start_server, tmp_path, [str(copy)])
    name = answer(server, "backup", "create")["Name"]
    kept = tmp_path / "recovery"
    kept.write_text(server.recovery_key)
    sound = git(copy, "rev-parse", f"baseline/{name}").strip()
    text = git(copy, "cat-file", "tag", sound).split("-----BEGIN", 1)[0]
    key = make_key(tmp_path / "somebody")
    fingerprint = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], capture_output=True, text=True,
                                 check=True).stdout.split()[1]
    verify = ("backup", "verify", "--remote", str(copy))
    restore = ("restore", "--vault", str(copy), "--baseline", name)
    for what, tag, refused, named in (
            ("foreign", text + signed_by(key, text), f"is signed by {fingerprint}, whom nobody here vouches for",
             f"the baseline {name} is not signed by this vault's key but by {fingerprint}"),
            ("unsigned", text, "is not signed, or was changed since",
             f"the baseline {name} is not signed by this vault's key but by nobody, or changed since")):
        made = subprocess.run(["git", "-C", str(copy), "hash-object", "-t", "tag", "-w", "--stdin"], input=tag, text=True,
                              capture_output=True, check=True).stdout.strip()
        git(copy, "update-ref", f"refs/tags/baseline/{name}", made)
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o777 if path.is_dir() else 0o644)
        for words in (restore, (*restore, "--recovery-key-file", str(kept)), (*restore, "--dry-run")):
            said = meridian(server, *words, region=OTHER, fails=True)
            assert f"The baseline {name} {refused}" in said, (what, said)
        said = meridian(server, *verify, fails=True)
        assert named in said and f"the baseline {name} is another one there" in said, (what, said)
        assert server.client("lambda", region=OTHER).list_functions()["Functions"] == []
    # The next backup puts the vault's own one back.
    answer(server, "backup", "create")
    assert git(copy, "rev-parse", f"baseline/{name}").strip() == sound
    assert answer(server, *verify)["Problems"] == []
    assert answer(server, *restore, "--recovery-key-file", str(kept), region=OTHER)["Applied"]
