"""Starts awslambdaric with the module search path of AWS Lambda: the function's code, then layers, then what the
runtime brings. The packages that the host's administrator installed are none of the function's business."""

import os
import sys

task = os.environ["LAMBDA_TASK_ROOT"]
layer = f"/opt/python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
sys.path[:] = [task, layer, "/opt/python"] + [path for path in sys.path if not path.endswith("/dist-packages")]

from awslambdaric.__main__ import main  # noqa: E402

main([sys.argv[0], os.environ["_HANDLER"]])
