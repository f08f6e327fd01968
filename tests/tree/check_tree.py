#!/usr/bin/env python3
"""Checks the repository itself: that what ARCHITECTURE.md and the house rules say of the tree is true."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
SRC = ROOT / "src"
problems = []


def problem(where, what):
    problems.append(f"{where}: {what}")


def sources():
    return sorted(p for p in SRC.rglob("*") if p.suffix in (".h", ".cc"))


def module_table():
    """ARCHITECTURE.md's table: module -> the modules it may include."""
    table = {}
    for line in (ROOT / "ARCHITECTURE.md").read_text().splitlines():
        row = re.fullmatch(r"\| `(\w+)` \| .* \| ([\w, ]*) ?\|", line)
        if row and (SRC / row[1]).is_dir():
            table[row[1]] = {name.strip() for name in row[2].split(",") if name.strip()}
    return table


def check_modules(table):
    folders = {p.name for p in SRC.iterdir() if p.is_dir()}
    for missing in sorted(folders - table.keys()):
        problem(f"src/{missing}", "is not in ARCHITECTURE.md's module table")
    for name in sorted(folders):
        if not (SRC / name / "README.md").exists():
            problem(f"src/{name}", "has no README.md")
    for path in sources():
        module = path.relative_to(SRC).parts[0]
        allowed = table.get(module, set())
        test = path.stem.endswith(("_test", "_bench", "_fuzz")) or path.stem.startswith(("fake", "test_"))
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'#include "([^"]+)"', line)
            if not include:
                continue
            if not (SRC / include[1]).exists():
                problem(f"{path.relative_to(ROOT)}:{number}", f"includes {include[1]}, which is not a file under src/")
                continue
            used = include[1].split("/")[0]
            if used == module or "everything" in allowed or used in allowed:
                continue
            if test and used == "crypto":  # a test may take randomness and hashes from anywhere
                continue
            problem(f"{path.relative_to(ROOT)}:{number}", f"{module} may not include {used}")


def check_cmake(table):
    for module, allowed in table.items():
        text = (SRC / module / "CMakeLists.txt").read_text()
        call = re.search(r"meridian_module\(" + module + r"(.*?)\)", text, re.S)
        if not call:
            continue
        deps = re.search(r"\bDEPS\b(.*?)(?:\b(?:LIBS|TEST_LIBS)\b|$)", call[1].replace("\n", " "))
        named = set(deps[1].split()) if deps else set()
        if not named <= allowed:
            problem(f"src/{module}/CMakeLists.txt", f"links {sorted(named - allowed)}, which the module table forbids")


def check_rules():
    seams = re.compile(r"\bsystem_clock::now|\bsteady_clock::now|\bsteady_timer\b|\brandom_device\b|\bgetrandom\(")
    for path in sources():
        name = str(path.relative_to(ROOT))
        text = path.read_text()
        if path.suffix == ".h" and "#pragma once" not in text[:400]:
            problem(name, "has no #pragma once at its top")
        test = path.stem.endswith(("_test", "_bench")) or path.stem.startswith(("fake", "test_"))
        outside = path.relative_to(SRC).parts[0] != "io" and not test
        jailer = "sandbox/jailer" in name
        if outside and not jailer and seams.search(text):
            problem(name, f"takes time or randomness past its seam: {seams.search(text)[0]}")
        if re.search(r"asio::detached", text) and outside and "SAFETY:" not in text:
            problem(name, "spawns with asio::detached and does not say why that is safe")
        if path.stem.endswith("_test") and not re.search(r"\b(EXPECT|ASSERT)_", text):
            problem(name, "is a test that asserts nothing")
        if re.search(r"\b(FIXME|XXX|HACK)\b", text):
            problem(name, "holds a FIXME")
        for todo in re.finditer(r"TODO(?!\((perf|cleanup|parity)\): )", text):
            problem(name, "a TODO is written TODO(perf|cleanup|parity): …")


def check_specification():
    text = (ROOT / "SPECIFICATION.md").read_text()
    promises = re.findall(r"^\d+\. .*(?:\n   .*)*", text, re.M)
    if not promises:
        problem("SPECIFICATION.md", "makes no promise")
    for promise in promises:
        first = promise.splitlines()[0][:60]
        named = re.findall(r"`((?:src|tests|script)/[\w./-]+)`", promise)
        if not named and "not yet tested" not in promise:
            problem("SPECIFICATION.md", f"names no test: {first}")
        for path in named:
            if not (ROOT / path).exists():
                problem("SPECIFICATION.md", f"{path} does not exist: {first}")


def check_documents():
    tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files", "*.md"], capture_output=True, text=True).stdout.split()
    for name in tracked:
        path = ROOT / name
        if not path.exists():
            continue
        for target in re.findall(r"\]\(([^)#:\s]+)\)", path.read_text()):
            if not (path.parent / target).exists():
                problem(name, f"links to {target}, which does not exist")


table = module_table()
check_modules(table)
check_cmake(table)
check_rules()
check_specification()
check_documents()
for line in problems:
    print(line)
print(f"{len(problems)} problems in {len(sources())} source files")
sys.exit(1 if problems else 0)
