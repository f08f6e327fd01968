"""Runs benchmarks by name and fails when a gate does: bench.py [warm|cold|memory|newcomer|control|vault|all]."""

import importlib
import os
import sys

from harness import favour

ALL = ("warm", "cold", "memory", "newcomer", "control", "vault")


def main(names):
    names = list(ALL) if not names or names == ["all"] else names
    if unknown := [name for name in names if name not in ALL]:
        sys.exit(f"script/bench: there is no benchmark {unknown[0]}; there are {', '.join(ALL)}, all")
    favour(os.getpid())
    good = [importlib.import_module(name).run() for name in names]
    return 0 if all(good) else 1


sys.exit(main(sys.argv[1:]))
