"""What an idle meridiand holds with 100 functions stored, and what one idle environment adds."""

import concurrent.futures
import json
import pathlib
import time

from harness import Report, make_function, make_role, server, wait_until

FUNCTIONS_STORED, ENVIRONMENTS = 100, 50
IDLE_LIMIT_MB = 60
SETTLE_SECONDS = 3  # environments are frozen, pools filled, buffers given back


def memory_kib(pid):
    """(RSS, PSS) of a process, both zero when it has ended."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0
    fields = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return fields["Rss"], fields["Pss"]


def kernel_kib():
    """What the kernel keeps for everybody: slab, stacks, page tables, per-CPU."""
    fields = {line.split(":")[0]: int(line.split()[1]) for line in open("/proc/meminfo")}
    return sum(fields[name] for name in ("Slab", "KernelStack", "PageTables", "Percpu"))


def run():
    report = Report("memory")
    with server() as meridian:
        role = make_role(meridian)
        for number in range(FUNCTIONS_STORED):
            api = make_function(meridian, f"f{number}", role, Environment={"Variables": {"NUMBER": str(number)}})
        time.sleep(SETTLE_SECONDS)
        stored = memory_kib(meridian.meridiand_pid)
        report.row(f"meridiand idle, {FUNCTIONS_STORED} functions just made, RSS", stored[0] / 1000, limit=IDLE_LIMIT_MB,
                   unit="MB")
        report.row(f"meridiand idle, {FUNCTIONS_STORED} functions just made, PSS", stored[1] / 1000, unit="MB")

        meridian.restart()
        api = meridian.client("lambda")
        time.sleep(SETTLE_SECONDS)
        started = memory_kib(meridian.meridiand_pid)
        report.row(f"meridiand started with {FUNCTIONS_STORED} functions, RSS", started[0] / 1000, limit=IDLE_LIMIT_MB,
                   unit="MB")

        def invoke(milliseconds):
            answer = api.invoke(FunctionName="f0", Payload=json.dumps({"do": "sleep", "ms": milliseconds}).encode())
            assert "FunctionError" not in answer, answer["Payload"].read()

        def together(count):
            with concurrent.futures.ThreadPoolExecutor(count) as threads:
                list(threads.map(invoke, [1500] * count))
            wait_until(lambda: len(meridian.sandboxed()) == count, what=f"{count} environments")
            time.sleep(SETTLE_SECONDS)

        def now():
            functions = meridian.sandboxed("NUMBER=0")
            others = [pid for pid in meridian.own_processes() if pid not in functions and pid != meridian.meridiand_pid]
            return {"meridiand": memory_kib(meridian.meridiand_pid)[1],
                    "functions": sum(memory_kib(pid)[1] for pid in functions),
                    "others": sum(memory_kib(pid)[1] for pid in others), "kernel": kernel_kib()}

        together(1)
        one = now()
        together(ENVIRONMENTS)
        many = now()
        added = {name: (many[name] - one[name]) / (ENVIRONMENTS - 1) for name in one}
        report.raw = {"stored": stored, "started": started, "one": one, "many": many}
        report.row("per idle environment: the function's process, PSS", added["functions"], unit="KiB")
        report.row("per idle environment: in meridiand, PSS", added["meridiand"], unit="KiB")
        report.row("per idle environment: jailer and inits, PSS", added["others"], unit="KiB")
        report.row("per idle environment: in the kernel (whole machine)", added["kernel"], unit="KiB")
    return report.finish()
