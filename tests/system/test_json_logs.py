"""LogFormat JSON: the platform's lines and those of AWS's clients are records."""

import json

import pytest


@pytest.mark.parametrize("language", ["node", "python"])
def test_lines_are_records(functions, language):
    function = functions(language, LoggingConfig={"LogFormat": "JSON"})
    event = {"do": "log", "text": "a word", "stream": "logger"}
    answer = function.invoke(event, log=True)
    assert answer.error is None, answer
    records = [json.loads(line) for line in answer.log.splitlines()]
    types = [record.get("type") for record in records]
    assert types[-1] == "platform.report" and "platform.start" in types, answer.log
    assert records[-1]["record"]["requestId"] == answer.request_id
    assert records[-1]["record"]["status"] == "success"
    mine = [record for record in records if record.get("message") == "a word"]
    assert len(mine) == 1 and mine[0]["requestId"] == answer.request_id and mine[0]["level"] in ("INFO", "ERROR"), answer.log

    function.configure(LoggingConfig={"SystemLogLevel": "WARN", "ApplicationLogLevel": "FATAL"})
    assert function.invoke(event, log=True).log.strip() == ""
    failed = function.invoke({"do": "exit", "code": 3}, log=True)
    assert [json.loads(line)["record"]["status"] for line in failed.log.splitlines() if "platform." in line] == ["error", "error"], failed

    function.configure(LoggingConfig={"LogFormat": "Text"})
    assert function.invoke(event, log=True).log.startswith("START RequestId: ")


def test_a_bare_runtimes_lines_are_left_alone(functions):
    function = functions("cpp", LoggingConfig={"LogFormat": "JSON"})
    log = function.invoke({"do": "log", "text": "plain"}, log=True).log.splitlines()
    assert log.count("plain") == 1 and json.loads(log[log.index("plain") - 1])["type"] == "platform.start", log
