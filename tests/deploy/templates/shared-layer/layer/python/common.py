import os


def greet(who):
    return f"{os.environ['GREETING']}, {who}"
