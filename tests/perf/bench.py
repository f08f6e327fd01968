"""Runs benchmarks by name and fails when a gate does: bench.py [warm|cold|memory|newcomer|control|vault|all]."""

import importlib
import os
import sys

from harness import autogroup_nice, favour, set_autogroup_nice

ALL = ("warm", "cold", "memory", "newcomer", "control", "vault")


def main(names):
    names = list(ALL) if not names or names == ["all"] else names
    if unknown := [name for name in names if name not in ALL]:
        sys.exit(f"script/bench: there is no benchmark {unknown[0]}; there are {', '.join(ALL)}, all")
    before = autogroup_nice(os.getpid())
    favour(os.getpid())
    try:
        good = [importlib.import_module(name).run() for name in names]
    finally:
        # The shell that this was started from is in the same group, and outlives it.
        set_autogroup_nice(os.getpid(), before)
    return 0 if all(good) else 1


sys.exit(main(sys.argv[1:]))
