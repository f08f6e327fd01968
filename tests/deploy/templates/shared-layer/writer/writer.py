import os

from common import greet


def handler(event, context):
    return {"said": greet("writer"), "reader": os.environ["READER"]}
