"""What a setting names has to be at AWS."""

from __future__ import annotations

import pytest
from deployer.aws.made import ROLE

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.present import check_role, missing
from autoexec_magic.errors import UsageError


def test_a_role_that_is_not_there_is_named(front):
    """With its setting; without a role nothing is asked."""
    calls = Calls(service="web")
    check_role(calls, "web", "role", "")
    assert front.seen == []
    check_role(calls, "web", "role", ROLE)
    with pytest.raises(UsageError, match="no role") as caught:
        check_role(calls, "web", "role", f"{ROLE}-gone")
    assert "[tool.autoexec.deploy.web.aws]" in caught.value.fix


def test_what_is_there_and_of_no_use_says_how_it_is():
    """Such as a cluster that is being deleted."""
    assert missing("web", "cluster", "x", "INACTIVE").why == "it is INACTIVE"
