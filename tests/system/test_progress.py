"""How long work is shown: on a terminal one line that is drawn again and again, with the share done and the time left, and is taken
away at the end; in a pipe plain lines."""

import contextlib
import os
import pty
import re
import subprocess
import threading

from command_line import HOME, answer, command, run
from conftest import Functions
from test_vault import git_environment  # noqa: F401
from test_vault_jobs import HANGS_SECONDS, config_with, hanging_remote, reachable_folder

CLEAR = "\r\x1b[K"


def on_a_terminal(server, *words):
    """What a person sees who runs it, its standard error apart, and its status."""
    error_end, error_terminal = pty.openpty()
    seen = []

    def read():
        with contextlib.suppress(OSError):  # the terminal is gone with its last program
            while piece := os.read(error_end, 65536):
                seen.append(piece)
    process = subprocess.Popen(command(server, *words),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=error_terminal, text=True,
                               env=server.environment())
    os.close(error_terminal)
    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=60)
    reader.join(20)
    os.close(error_end)
    # A terminal makes "\r\n" of each new line.
    return b"".join(seen).decode().replace("\r\n", "\n"), out, process.returncode


def in_a_pipe(server, *words):
    done = run(server, *words, timeout=60)
    return done.stderr, done.stdout, done.returncode


def test_a_job_is_one_line_on_a_terminal_and_plain_lines_in_a_pipe(start_server, tmp_path):
    good = reachable_folder(tmp_path, "copies") / "vault.git"
    with hanging_remote() as remote:
        server = start_server(flags=config_with(tmp_path, [remote, good]), regions=(HOME,))
        Functions(server)("cpp", name="f")
        answer(server, "baseline", "create", "first")
        seen, out, status = on_a_terminal(server, "backup", "create")
        assert status == 1 and "given up after" in out
        line, _, after = seen.rpartition(CLEAR)
        # Nothing but the one line, until it is taken away and the error says what there is to say.
        assert line.startswith(CLEAR) and "\n" not in line, seen
        drawn = line.split(CLEAR)[1:]
        shown = [text for text in drawn if text == "" or re.fullmatch(r"\[ ?\d+%\] 1/2 copies sent \(\d+ s left\)", text)]
        assert len([text for text in shown if text]) >= HANGS_SECONDS - 2, drawn
        assert "[ 50%] 1/2 copies sent (" in line
        assert after == "meridian: 1 copy did not get the backup.\n", after

        seen, out, status = in_a_pipe(server, "backup", "create")
        assert status == 1 and "\x1b" not in seen + out and "\r" not in seen + out
        lines = seen.splitlines()
        assert lines[-1] == "meridian: 1 copy did not get the backup."
        assert lines[:-1] and all(re.fullmatch(r"1/2 copies sent(, \d+ s left)?", text) for text in lines[:-1]), lines

        # --json is the answer alone, wherever it goes.
        seen, out, _ = on_a_terminal(server, "backup", "create", "--json")
        assert CLEAR not in seen and seen == "meridian: 1 copy did not get the backup.\n", seen


def test_an_export_counts_on_a_terminal_and_in_lines_in_a_pipe(start_server, tmp_path):
    server = start_server(regions=(HOME,))
    functions = Functions(server)
    names = [f"f{number}" for number in range(3)]
    for name in names:
        functions("cpp", name=name)
    seen, _, status = on_a_terminal(server, "export", "zip", "--all", "--to", str(tmp_path / "terminal"))
    assert status == 0 and seen.startswith(f"{CLEAR}[") and seen.endswith(CLEAR), seen
    assert "\n" not in seen and f"{CLEAR}[3/3] read " in seen
    seen, _, status = in_a_pipe(server, "export", "zip", "--all", "--to", str(tmp_path / "pipe"))
    assert status == 0 and "\x1b" not in seen and len(re.findall(r"^\[[1-3]/3\] read ", seen, re.M)) == 3, seen

