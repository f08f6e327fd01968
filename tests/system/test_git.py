"""A region's git repositories over smart HTTP, with real git: clones, pushes, credentials in both forms, and everything
that must not work."""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

from command_line import HOME, OTHER, meridian, refusal
from meridian_server import OTHER_ACCOUNT, processes, wait_until


def url_of(server, name, *, region=HOME, user=None, password=None):
    user, password = user or server.access_key, password or server.secret_key
    who = f"{urllib.parse.quote(user, safe='')}:{urllib.parse.quote(password, safe='')}@"
    return server.endpoint.replace("://", "://" + who) + f"/git/{region}/{name}"


class Git:
    """git with settings of its own: nobody's helpers, no prompt."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.environment = {**{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "GIT_"))},
                            "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
                            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "A",
                            "GIT_COMMITTER_EMAIL": "a@example.com"}
        (self.folder / ".gitconfig").write_text("[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n")

    def run(self, *words, at=None, fails=False, environment=None, **more):
        done = subprocess.run(["git", *words], cwd=at or self.folder, capture_output=True, text=True, timeout=300,
                              env={**self.environment, **(environment or {})}, **more)
        assert (done.returncode != 0) == fails, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr if fails else done.stdout.strip()

    def work_tree(self, name, files):
        """A new repository with one commit of {path: text or bytes}."""
        folder = self.folder / name
        self.run("init", "-q", str(folder))
        self.commit(folder, files)
        return folder

    def commit(self, folder, files, message="change"):
        for path, content in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.run("add", "-A", at=folder)
        self.run("commit", "-q", "-m", message, at=folder)
        return self.run("rev-parse", "HEAD", at=folder)


@pytest.fixture
def git(tmp_path):
    return Git(tmp_path)


@pytest.fixture
def repository(server, request):
    """A new repository of the shared server: its name."""
    name = request.node.name.replace("[", "-").replace("]", "")[:60]
    meridian(server, "repo", "create", name)
    yield name
    meridian(server, "repo", "delete", name, "--yes")


def folder_of(server, name, region=HOME):
    return server.data / region / "repositories" / server.account / f"{name}.git"


def check(git, folder):
    """A repository that is whole."""
    git.run("--git-dir", str(folder), "fsck", "--full", "--strict")


def a_user(server, policy, name):
    iam = server.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": policy}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def test_push_clone_and_fetch_give_the_same_commits(server, repository, git):
    tree = git.work_tree("tree", {"a.txt": "one", "sub/b.bin": os.urandom(100_000)})
    git.run("push", "-q", url_of(server, repository), "main", at=tree)
    git.run("clone", "-q", url_of(server, repository), "copy")
    assert git.run("rev-parse", "HEAD", at=git.folder / "copy") == git.run("rev-parse", "HEAD", at=tree)
    assert (git.folder / "copy/sub/b.bin").read_bytes() == (tree / "sub/b.bin").read_bytes()

    second = git.commit(tree, {"a.txt": "two"})
    git.run("tag", "-a", "v1", "-m", "first", at=tree)
    git.run("push", "-q", url_of(server, repository), "main", "v1", "main:refs/heads/side", at=tree)
    git.run("fetch", "-q", "--tags", "origin", at=git.folder / "copy")
    assert git.run("rev-parse", "origin/main", at=git.folder / "copy") == second
    assert git.run("cat-file", "-t", "v1", at=git.folder / "copy") == "tag"
    for protocol in ("0", "1", "2"):
        shallow = f"shallow-{protocol}"
        git.run("-c", f"protocol.version={protocol}", "clone", "-q", "--depth", "1", url_of(server, repository + ".git"),
                shallow)
        assert git.run("rev-list", "--count", "HEAD", at=git.folder / shallow) == "1"
    shown = json.loads(meridian(server, "repo", "show", repository, "--json"))
    assert shown["Branches"] == {"main": second, "side": second} and shown["DefaultBranch"] == "main"
    assert f"{server.endpoint}/git/{HOME}/{repository}" == shown["CloneUrl"]
    git.run("push", "-q", url_of(server, repository), ":side", at=tree)
    assert set(json.loads(meridian(server, "repo", "show", repository, "--json"))["Branches"]) == {"main"}
    check(git, folder_of(server, repository))


def test_awss_own_credential_helper_signs_in(server, repository, git):
    """The AWS CLI's helper, as git calls it: a signature instead of the secret."""
    helper = f"!{server.tool('aws')} codecommit credential-helper --ignore-host-check $@"
    # The option belongs to `get`, which git's word names.
    helper = f"!f() {{ {server.tool('aws')} codecommit credential-helper \"$1\" " \
             f"$(test \"$1\" = get && echo --ignore-host-check); }}; f"
    plain = f"{server.endpoint}/git/{HOME}/{repository}"
    words = ("-c", f"credential.helper={helper}", "-c", "credential.UseHttpPath=true")
    aws = {k: v for k, v in server.environment().items() if k.startswith("AWS_")}
    tree = git.work_tree("tree", {"a.txt": "one"})
    git.run(*words, "push", "-q", plain, "main", at=tree, environment=aws)
    git.run(*words, "clone", "-q", plain + ".git", "copy", environment=aws)
    assert (git.folder / "copy/a.txt").read_text() == "one"
    # Credentials of a session: the token travels in the user name.
    session = server.client("sts").get_session_token()["Credentials"]
    aws.pop("AWS_SHARED_CREDENTIALS_FILE")
    aws.update(AWS_ACCESS_KEY_ID=session["AccessKeyId"], AWS_SECRET_ACCESS_KEY=session["SecretAccessKey"],
               AWS_SESSION_TOKEN=session["SessionToken"])
    git.run(*words, "clone", "-q", plain, "by-session", environment=aws)
    # A signature for another region is none for this one.
    said = git.run(*words, "clone", "-q", plain, "no", environment={**aws, "AWS_REGION": OTHER,
                                                                    "AWS_DEFAULT_REGION": OTHER}, fails=True)
    assert "not a signature" in said or "Authentication failed" in said


@pytest.mark.parametrize("user, password", [(None, "wrong"), ("AKIAUNKNOWN", None), (None, "")])
def test_wrong_credentials_get_nothing(server, repository, git, user, password):
    tree = git.work_tree("tree", {"a.txt": "one"})
    url = url_of(server, repository, user=user, password=password or "x")
    assert "Authentication failed" in git.run("clone", url, "copy", fails=True)
    assert "Authentication failed" in git.run("push", url, "main", at=tree, fails=True)
    bare = f"{server.endpoint}/git/{HOME}/{repository}"
    assert "could not read Username" in git.run("clone", bare, "copy", fails=True)


def test_users_do_what_their_policies_say(server, repository, git):
    arn = f"arn:aws:codecommit:{HOME}:{server.account}:{repository}"
    reader = a_user(server, [{"Effect": "Allow", "Action": "codecommit:GitPull", "Resource": arn}], "git-reader")
    writer = a_user(server, [{"Effect": "Allow", "Action": ["codecommit:GitPull", "codecommit:GitPush"],
                              "Resource": arn}], "git-writer")
    nobody = a_user(server, [{"Effect": "Allow", "Action": "codecommit:*", "Resource": arn + "-other"}], "git-nobody")
    tree = git.work_tree("tree", {"a.txt": "one"})
    git.run("push", "-q", url_of(server, repository, user=writer[0], password=writer[1]), "main", at=tree)
    git.run("clone", "-q", url_of(server, repository, user=reader[0], password=reader[1]), "copy")
    git.commit(tree, {"a.txt": "two"})
    said = git.run("push", url_of(server, repository, user=reader[0], password=reader[1]), "main", at=tree, fails=True)
    assert "403" in said and "codecommit:GitPush" in said
    said = git.run("clone", url_of(server, repository, user=nobody[0], password=nobody[1]), "no", fails=True)
    assert "403" in said and "codecommit:GitPull" in said
    # And of the API.
    refused = subprocess.run([server.tool("meridian"), "repo", "delete", repository, "--yes", "--region", HOME,
                              "--endpoint-url", server.endpoint], capture_output=True, text=True,
                             env={**server.environment(), "AWS_ACCESS_KEY_ID": reader[0],
                                  "AWS_SECRET_ACCESS_KEY": reader[1]}, timeout=60)
    assert refused.returncode != 0 and "codecommit:DeleteRepository" in refused.stderr


def test_a_large_push_needs_no_memory_for_it(server, repository, git):
    """30 MB that do not compress, in chunks: they pass through a file."""
    tree = git.work_tree("tree", {"large.bin": os.urandom(30_000_000)})
    before = memory_peak(server)
    git.run("push", "-q", url_of(server, repository), "main", at=tree)
    assert memory_peak(server) - before < 15_000_000
    git.run("clone", "-q", url_of(server, repository), "copy")
    assert memory_peak(server) - before < 15_000_000
    digest = [hashlib.sha256((folder / "large.bin").read_bytes()).digest() for folder in (tree, git.folder / "copy")]
    assert digest[0] == digest[1]


def memory_peak(server):
    """Bytes of meridiand's resident memory at its highest."""
    status = pathlib.Path(f"/proc/{server.meridiand_pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


class SlowPush(threading.Thread):
    """A proxy that hands a push on until `bytes_max` of its body have passed, and then falls silent or hangs up."""

    def __init__(self, server, bytes_max):
        super().__init__(daemon=True)
        host, port = server.endpoint.removeprefix("http://").split(":")
        self.target, self.bytes_max = (host, int(port)), bytes_max
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.passed = threading.Event()
        self.connections = []
        self.start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(self.target)
            self.connections += [client, upstream]
            threading.Thread(target=self.copy, args=(upstream, client, None), daemon=True).start()
            threading.Thread(target=self.copy, args=(client, upstream, self.bytes_max), daemon=True).start()

    def copy(self, source, sink, bytes_max):
        total = 0
        try:
            while piece := source.recv(65536):
                total += len(piece)
                if bytes_max is not None and total > bytes_max:
                    self.passed.set()
                    return
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def hang_up(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()


def test_a_push_that_is_cut_off_leaves_the_repository_whole(server, repository, git):
    tree = git.work_tree("tree", {"a.txt": "one"})
    git.run("push", "-q", url_of(server, repository), "main", at=tree)
    first = git.run("rev-parse", "HEAD", at=tree)
    git.commit(tree, {"large.bin": os.urandom(8_000_000)})
    proxy = SlowPush(server, 3_000_000)
    url = url_of(server, repository).replace(server.endpoint.removeprefix("http://"),
                                             proxy.endpoint.removeprefix("http://"))
    push = subprocess.Popen(["git", "push", url, "main"], cwd=tree, env=git.environment, stderr=subprocess.DEVNULL)
    assert proxy.passed.wait(60)
    push.send_signal(signal.SIGKILL)
    push.wait()
    proxy.hang_up()
    check(git, folder_of(server, repository))
    assert json.loads(meridian(server, "repo", "show", repository, "--json"))["Branches"] == {"main": first}
    git.run("push", "-q", url_of(server, repository), "main", at=tree)
    check(git, folder_of(server, repository))


def test_a_kill_in_the_middle_of_a_push_loses_nothing_that_was_acknowledged(start_server, git):
    server = start_server()
    meridian(server, "repo", "create", "r")
    tree = git.work_tree("tree", {"a.txt": "0"})
    acknowledged = git.run("rev-parse", "HEAD", at=tree)
    git.run("push", "-q", url_of(server, "r"), "main", at=tree)
    for round_number in range(4):
        tip = git.commit(tree, {"a.txt": str(round_number), "b.bin": os.urandom(4_000_000)})
        push = subprocess.Popen(["git", "push", "-q", url_of(server, "r"), "main"], cwd=tree, env=git.environment,
                                stderr=subprocess.DEVNULL)
        time.sleep(0.15 * round_number)
        server.kill9()
        push.wait(60)
        if push.returncode == 0:
            acknowledged = tip
        server.start()
        check(git, folder_of(server, "r"))
        at = json.loads(meridian(server, "repo", "show", "r", "--json"))["Branches"]["main"]
        assert at in (acknowledged, tip)
        acknowledged = at
        # No lock of a killed process stands in the way.
        git.run("push", "-q", url_of(server, "r"), "main", at=tree)
        acknowledged = tip


def request(server, method, path, *, body=None, headers=None, user=None, password=None):
    host = server.endpoint.removeprefix("http://")
    who = base64.b64encode(f"{user or server.access_key}:{password or server.secret_key}".encode()).decode()
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in {"Authorization": f"Basic {who}", "Content-Length": str(len(body or b"")),
                        **(headers or {})}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    return response.status, response.read()


def test_a_corrupt_pack_is_refused(server, repository, git):
    tree = git.work_tree("tree", {"a.txt": "one", "b.bin": os.urandom(50_000)})
    tip = git.run("rev-parse", "HEAD", at=tree)
    pack = subprocess.run(["git", "pack-objects", "--all", "--stdout", "-q"], cwd=tree, env=git.environment,
                          input=b"", capture_output=True, check=True).stdout
    damaged = bytearray(pack)
    damaged[len(damaged) // 2] ^= 0x40
    for bad in (bytes(damaged), pack[:1000], b"PACK" + bytes(8), b""):
        line = f"{'0' * 40} {tip} refs/heads/main\0report-status".encode()
        body = f"{len(line) + 4:04x}".encode() + line + b"0000" + bad
        status, answer = request(server, "POST", f"/git/{HOME}/{repository}/git-receive-pack", body=body,
                                 headers={"Content-Type": "application/x-git-receive-pack-request"})
        assert b"unpack ok" not in answer, (status, answer)
        assert json.loads(meridian(server, "repo", "show", repository, "--json"))["Branches"] == {}
    # Objects that git's own check refuses: a tree with ".git" in it.
    blob = git.run("hash-object", "-w", "a.txt", at=tree)
    evil = subprocess.run(["git", "mktree"], cwd=tree, env=git.environment, text=True, capture_output=True, check=True,
                          input=f"100644 blob {blob}\t.git\n").stdout.strip()
    commit = git.run("commit-tree", evil, "-m", "evil", at=tree)
    said = git.run("push", url_of(server, repository), f"{commit}:refs/heads/evil", at=tree, fails=True)
    assert "hasDotgit" in said or "fsck" in said or "unpack" in said
    git.run("push", "-q", url_of(server, repository), "main", at=tree)
    check(git, folder_of(server, repository))


@pytest.mark.parametrize("name", ["../vault", "..%2Fvault", "%2e%2e", ".", "a/b", "-x", "vault/../x", "x%00y", "no-such",
                                  ".git", "x.git.git", "a..b"])
def test_names_lead_nowhere_else(server, name):
    for tail in ("info/refs?service=git-upload-pack", "info/refs?service=git-receive-pack"):
        status, answer = request(server, "GET", f"/git/{HOME}/{name}/{tail}")
        assert status == 404, answer


def test_what_is_not_the_smart_protocol_is_refused(server, repository, git):
    tree = git.work_tree("tree", {"a.txt": "one"})
    git.run("push", "-q", url_of(server, repository), "main", at=tree)
    for method, path in (("GET", "HEAD"), ("GET", "objects/info/packs"), ("GET", "config"), ("GET", "info/refs"),
                         ("GET", "info/refs?service=git-upload-archive"), ("PUT", "git-receive-pack"),
                         ("POST", "git-upload-archive"), ("GET", "../../../credentials")):
        status, _ = request(server, method, f"/git/{HOME}/{repository}/{path}")
        assert status == 404, (method, path)
    assert request(server, "GET", f"/git/eu-west-9/{repository}/info/refs?service=git-upload-pack")[0] == 404
    # Another repository's region is another region's.
    assert request(server, "GET", f"/git/{OTHER}/{repository}/info/refs?service=git-upload-pack")[0] == 404


def test_no_body_is_taken_from_strangers(server, repository):
    """An unknown sender is refused by the head alone."""
    host, port = server.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"POST /git/{HOME}/{repository}/git-receive-pack HTTP/1.1\r\nHost: {host}:{port}\r\n"
                           "Content-Length: 1000000000\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
    status, _ = request(server, "POST", f"/git/{HOME}/{repository}/git-receive-pack", body=b"",
                        headers={"Content-Length": str(3 * 1024 ** 3)})
    assert status == 413


def test_hooks_and_settings_of_a_repository_run_nothing(server, repository, git):
    """Even somebody who can write into the data directory's repositories starts no program through git."""
    folder = folder_of(server, repository)
    marker = git.folder / "ran"
    (folder / "hooks").mkdir(exist_ok=True)
    for hook in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction"):
        (folder / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {marker}-{hook}\n")
        (folder / "hooks" / hook).chmod(0o755)
    git.folder.chmod(0o777)
    tree = git.work_tree("tree", {"a.txt": "one"})
    git.run("push", "-q", url_of(server, repository), "main", at=tree)
    assert not list(git.folder.glob("ran*"))


def test_force_pushes_are_refused_where_the_repository_says_so(server, git):
    meridian(server, "repo", "create", "strict", "--deny-force-push")
    tree = git.work_tree("tree", {"a.txt": "one"})
    git.run("push", "-q", url_of(server, "strict"), "main", at=tree)
    git.run("commit", "-q", "--amend", "-m", "other", at=tree)
    assert "non-fast-forward" in git.run("push", "--force", url_of(server, "strict"), "main", at=tree, fails=True)
    assert "exists" in refusal(server, "repo", "create", "strict") or \
        "already" in refusal(server, "repo", "create", "strict")
    meridian(server, "repo", "delete", "strict", "--yes")
    assert "no repository" in refusal(server, "repo", "show", "strict")


def test_pushes_side_by_side_are_each_whole(server, repository, git):
    trees = [git.work_tree(f"tree-{i}", {"a.txt": str(i), "b.bin": os.urandom(200_000)}) for i in range(6)]
    pushes = [subprocess.Popen(["git", "push", "-q", url_of(server, repository), f"main:refs/heads/b{i}"], cwd=tree,
                               env=git.environment) for i, tree in enumerate(trees)]
    assert [push.wait(120) for push in pushes] == [0] * 6
    shown = json.loads(meridian(server, "repo", "show", repository, "--json"))["Branches"]
    assert shown == {f"b{i}": git.run("rev-parse", "HEAD", at=tree) for i, tree in enumerate(trees)}
    check(git, folder_of(server, repository))


def test_a_region_s_vault_is_a_remote_and_is_only_read(server, functions, git):
    functions("cpp")
    wait_until(lambda: json.loads(meridian(server, "backup", "status", "--json"))["Behind"] == 0, what="the vault follows")
    meridian(server, "baseline", "create", "git-test")
    git.run("clone", "-q", "--mirror", url_of(server, "vault"), "by-http")
    git.run("clone", "-q", "--mirror", str(server.data / HOME / "vault.git"), "by-file")
    refs = [git.run("for-each-ref", at=git.folder / name) for name in ("by-http", "by-file")]
    assert refs[0] == refs[1] and "refs/tags/baseline/git-test" in refs[0]
    check(git, git.folder / "by-http")
    tree = git.work_tree("tree", {"a.txt": "one"})
    assert "403" in git.run("push", url_of(server, "vault"), "main:refs/heads/x", at=tree, fails=True)
    user = a_user(server, [{"Effect": "Allow", "Action": ["codecommit:*", "meridian:GetVault"], "Resource": "*"}],
                  "no-vault")
    said = git.run("clone", url_of(server, "vault", user=user[0], password=user[1]), "no", fails=True)
    assert "403" in said and "meridian:ReadVault" in said


def test_accounts_have_repositories_of_their_own(start_server, git):
    server = start_server(account="123456789012,210987654321")
    meridian(server, "repo", "create", "r")
    from meridian_server import read_credentials
    other = read_credentials(server.data / "credentials", OTHER_ACCOUNT)
    said = git.run("clone", url_of(server, "r", user=other[0], password=other[1]), "no", fails=True)
    assert "not found" in said
    said = git.run("clone", url_of(server, "vault", user=other[0], password=other[1]), "no", fails=True)
    assert "403" in said


def test_a_client_that_falls_silent_is_let_go(server, repository, git):
    """Nothing of git's stays when a client hangs up in the middle of an answer."""
    tree = git.work_tree("tree", {"large.bin": os.urandom(20_000_000)})
    git.run("push", "-q", url_of(server, repository), "main", at=tree)
    host, port = server.endpoint.removeprefix("http://").split(":")
    tip = git.run("rev-parse", "HEAD", at=tree)
    who = base64.b64encode(f"{server.access_key}:{server.secret_key}".encode()).decode()
    want = f"want {tip} ofs-delta\n"
    body = f"{len(want) + 4:04x}{want}00000009done\n".encode()
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(f"POST /git/{HOME}/{repository}/git-upload-pack HTTP/1.1\r\nHost: {host}:{port}\r\n"
                       f"Authorization: Basic {who}\r\nContent-Type: application/x-git-upload-pack-request\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert connection.recv(1000).startswith(b"HTTP/1.1 200")

    def of_git():
        parent = server.meridiand_pid
        return [command for _, (up, _, command) in processes().items() if up == parent and "git" in command]
    wait_until(of_git, what="git answers")
    connection.close()
    wait_until(lambda: not of_git(), seconds=20, what="the end of git")
