import os


def handler(event, context):
    keys = [record["s3"]["object"]["key"] for record in event.get("Records", [])]
    prefix = os.environ.get("PREFIX", "")
    return {"target": os.environ["TARGET"], "written": [prefix + key for key in keys]}
