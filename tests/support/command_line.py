"""The command line `meridian`, as a user runs it, against a server of the tests."""

import json
import subprocess

HOME, OTHER = "us-east-1", "sa-east-1"


def command(server, *words, region=HOME):
    return [server.tool("meridian"), *map(str, words), "--region", region, "--data", str(server.data)]


def run(server, *words, region=HOME, environment=None, timeout=300):
    """Its end: status, standard output and error."""
    return subprocess.run(command(server, *words, region=region), capture_output=True, text=True,
                          env={**server.environment(), **(environment or {})}, timeout=timeout)


def meridian(server, *words, fails=False, **how):
    """What it prints; of one that has to fail, what it says on standard error, too."""
    done = run(server, *words, **how)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr if fails else done.stdout


def refusal(server, *words, **how):
    """What one that has to fail says on standard error."""
    done = run(server, *words, **how)
    assert done.returncode != 0, done.stdout + done.stderr
    return done.stderr


def answer(server, *words, **how):
    return json.loads(meridian(server, *words, "--json", **how))


def outcome(server, *words, **how):
    """Its status, and all that it says."""
    done = run(server, *words, **how)
    return done.returncode, done.stdout + done.stderr
