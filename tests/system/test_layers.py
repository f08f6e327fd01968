"""Layers in real sandboxes: what lies under /opt, who finds it there, and what a deletion leaves alone."""

import os
import urllib.request

import pytest

from conftest import package

PYTHON = {"app.py": b"import os, shared\n\ndef handler(event, context):\n"
                    b"    return {'shared': shared.NAME, 'opt': sorted(os.listdir('/opt')), 'file': open('/opt/file').read()}\n"}
NODE = {"index.js": b"const shared = require('shared');\nexports.handler = async () => shared.NAME;\n"}


@pytest.fixture
def layer(functions, make_zip):
    """layer(name, files) → the ARN of a new version."""
    api, made = functions.api(), []

    def publish(name, files, zip_bytes=None):
        name = f"{name}-{os.urandom(4).hex()}"
        answer = api.publish_layer_version(LayerName=name, Content={"ZipFile": zip_bytes or make_zip(files)})
        made.append((name, answer["Version"]))
        return answer["LayerVersionArn"]

    yield publish
    for name, version in made:
        api.delete_layer_version(LayerName=name, VersionNumber=version)


def test_a_python_function_imports_from_a_layer_and_later_ones_win(functions, layer, make_zip):
    first = layer("first", {"python/shared.py": b"NAME = 'first'\n", "file": b"of the first", "only-first": b""})
    second = layer("second", {"python/lib/python3.11/site-packages/shared.py": b"NAME = 'second'\n", "file": b"of the second"})
    function = functions("python", code=make_zip(PYTHON), Handler="app.handler", Layers=[first, second])
    # site-packages of the language's version comes before /opt/python, as on AWS.
    assert function.invoke({}).json == {"shared": "second", "opt": ["file", "only-first", "python"], "file": "of the second"}
    shown = functions.api().get_function_configuration(FunctionName=function.name)["Layers"]
    assert [one["Arn"] for one in shown] == [first, second]

    function.configure(Layers=[second, first])
    assert function.invoke({}).json["file"] == "of the first"
    function.configure(Layers=[first])
    assert function.invoke({}).json == {"shared": "first", "opt": ["file", "only-first", "python"], "file": "of the first"}


def test_a_node_function_requires_from_a_layer(functions, layer, make_zip):
    arn = layer("node", {"nodejs/node_modules/shared/index.js": b"exports.NAME = 'from the layer';\n"})
    function = functions("node", code=make_zip(NODE), Layers=[arn])
    assert function.invoke({}).json == "from the layer"


def test_a_bootstrap_in_a_layer(functions, layer, make_zip):
    arn = layer("bootstrap", None, package("cpp"))
    function = functions("cpp", code=make_zip({"data": b"no bootstrap here"}), Layers=[arn])
    assert function.invoke({"a": 1}).json == {"a": 1}


def test_a_function_outlives_its_layer(functions, make_zip):
    api = functions.api()
    name = "gone-" + os.urandom(4).hex()
    files = {"python/shared.py": b"NAME = 'kept'\n", "file": b"kept"}
    version = api.publish_layer_version(LayerName=name, Content={"ZipFile": make_zip(files)})
    function = functions("python", code=make_zip(PYTHON), Handler="app.handler", Layers=[version["LayerVersionArn"]])
    api.delete_layer_version(LayerName=name, VersionNumber=1)
    assert function.invoke({}).json["file"] == "kept"
    function.update_code(make_zip({**PYTHON, "more": b""}))
    assert function.invoke({}).json["file"] == "kept"


def test_a_layers_content_is_downloaded_by_its_link(functions, make_zip):
    api = functions.api()
    zip_bytes = make_zip({"file": b"content"})
    name = "linked-" + os.urandom(4).hex()
    published = api.publish_layer_version(LayerName=name, Content={"ZipFile": zip_bytes})
    found = api.get_layer_version(LayerName=name, VersionNumber=1)
    for answer in (published, found):
        with urllib.request.urlopen(answer["Content"]["Location"]) as response:
            assert response.read() == zip_bytes
    api.delete_layer_version(LayerName=name, VersionNumber=1)
