from common import greet


def handler(event, context):
    return {"said": greet("reader")}
