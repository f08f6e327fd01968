import logging
import os
import signal
import subprocess
import sys
import time


class TestError(Exception):
    pass


class TestInitError(Exception):
    pass


init = os.environ.get("TEST_INIT", "")
if init == "exit":
    os._exit(1)
if init == "error":
    raise TestInitError("init failed")
if init.startswith("sleep:"):
    time.sleep(int(init.removeprefix("sleep:")) / 1000)


def handler(event, context):
    match event.get("do") if isinstance(event, dict) else None:
        case "log":
            if event.get("stream") == "logger":
                logging.error(event["text"])
            else:
                print(event["text"], file=sys.stderr if event.get("stream") == "stderr" else sys.stdout)
        case "error":
            raise TestError(event.get("message", ""))
        case "sleep":
            time.sleep(event["ms"] / 1000)
        case "exit":
            os._exit(event["code"])
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "env":
            return dict(os.environ)
        case "big":
            return "x" * max(0, event["bytes"] - 2)
        case "orphan":
            subprocess.Popen(
                ["sleep", "infinity"],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        case "context":
            return {
                "functionName": context.function_name,
                "functionVersion": context.function_version,
                "invokedFunctionArn": context.invoked_function_arn,
                "memoryLimitInMB": context.memory_limit_in_mb,
                "awsRequestId": context.aws_request_id,
                "logGroupName": context.log_group_name,
                "logStreamName": context.log_stream_name,
                "remainingTimeInMillis": context.get_remaining_time_in_millis(),
            }
        case "run":
            done = subprocess.run(event["command"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            return {"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
    return event
