def first(event, context):
    if event.get("fail"):
        raise ValueError("asked to fail")
    return {"step": 1, "items": list(range(event.get("count", 3)))}


def second(event, context):
    return {"step": 2, "got": event.get("responsePayload", event)}


def failed(event, context):
    return {"step": "failed", "of": event.get("requestPayload", event)}
