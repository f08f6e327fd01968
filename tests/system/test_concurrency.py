"""Aliases by weight and provisioned concurrency, with real sandboxes."""

import collections

from conftest import Functions
from meridian_server import wait_until


def published(functions, name, *, versions=1):
    function = functions("cpp", name=name)
    for number in range(versions):
        if number:
            function.configure(Description=f"version {number + 1}")
        assert function.api.publish_version(FunctionName=name)["Version"] == str(number + 1)
    return function


def test_an_alias_shares_out_by_weight(functions):
    function = published(functions, "weighed", versions=2)
    function.api.create_alias(FunctionName="weighed", Name="live", FunctionVersion="1",
                              RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    seen = collections.Counter(function.invoke({}, Qualifier="live").version for _ in range(60))
    assert set(seen) == {"1", "2"} and min(seen.values()) > 10, seen
    answer = function.invoke({"do": "env"}, Qualifier="live")
    assert answer.json["AWS_LAMBDA_FUNCTION_VERSION"] == answer.version
    function.api.update_alias(FunctionName="weighed", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {function.invoke({}, Qualifier="live").version for _ in range(10)} == {"1"}


def test_provisioned_environments_wait_and_are_there_again_after_a_restart(start_server):
    server = start_server()
    function = published(Functions(server), "provisioned")

    def ready(api):
        found = api.get_provisioned_concurrency_config(FunctionName="provisioned", Qualifier="1")
        return found["Status"] == "READY" and found["AvailableProvisionedConcurrentExecutions"] == 2

    function.api.put_provisioned_concurrency_config(FunctionName="provisioned", Qualifier="1",
                                                    ProvisionedConcurrentExecutions=2)
    for _ in range(2):
        api = server.client("lambda")
        wait_until(lambda: ready(api), what="provisioned environments")
        answer = api.invoke(FunctionName="provisioned", Qualifier="1", Payload=b'{"do":"env"}')["Payload"].read()
        assert b'"AWS_LAMBDA_INITIALIZATION_TYPE":"provisioned-concurrency"' in answer.replace(b" ", b"")
        server.restart()
    api = server.client("lambda")
    wait_until(lambda: ready(api), what="provisioned environments")
    api.delete_provisioned_concurrency_config(FunctionName="provisioned", Qualifier="1")
