"""What all tests of the deployer share: no example has a time limit of its own on a busy machine.

The tests of the targets `aws` and `gcp` need the extra `test-clouds`: `make test` runs them in an environment
of their own (`tools/test-clouds`), and in one without it they are not looked at.
"""

from __future__ import annotations

import importlib.util

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def is_there(*modules: str) -> bool:
    """Whether all of these can be imported."""
    try:
        return all(importlib.util.find_spec(each) is not None for each in modules)
    except ModuleNotFoundError:
        return False


collect_ignore = [
    *([] if is_there("boto3", "moto", "flask") else ["aws"]),
    *([] if is_there("google.cloud.run_v2", "googleapiclient", "grpc_status") else ["gcp"]),
]
