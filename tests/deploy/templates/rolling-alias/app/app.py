import os


def handler(event, context):
    return {"revision": os.environ["REVISION"]}


def check(event, context):
    return {"deployment": event.get("DeploymentId")}
