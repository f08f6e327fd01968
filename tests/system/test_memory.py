"""What meridiand holds of memory."""

import os
import pathlib

from meridian_server import LAMBDA_TRUST, make_zip, wait_until


def test_what_large_packages_took_is_given_back(start_server):
    server = start_server()
    role = server.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
    api = server.client("lambda")

    def resident(field):
        status = pathlib.Path(f"/proc/{server.meridiand_pid}/status").read_text()
        return int(status.split(f"{field}:")[1].split()[0]) * 1024

    before = resident("VmRSS")
    for number in range(3):
        package = make_zip({"bootstrap": os.urandom(30_000_000)})
        api.create_function(FunctionName=f"f{number}", Runtime="provided.al2023", Handler="h", Role=role,
                            Code={"ZipFile": package})
    assert resident("VmHWM") > before + 60_000_000
    wait_until(lambda: resident("VmRSS") < before + 30_000_000, seconds=60, what="memory given back")
