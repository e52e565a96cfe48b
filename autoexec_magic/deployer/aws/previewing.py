"""What a deploy would change at AWS, and what AWS would refuse of it; nothing is written.

What is live is AWS's own description. AWS has no dry run of a whole deploy: Lambda
takes a new code with `DryRun` where the function is there already, which checks the
code and the right to change it; for a function's settings, for a version and for
all of ECS it has none. So what can be known is looked at one by one: the account, the role, the
network, the cluster, the repository and the image, whose the function or the
service is, and the secrets. That a role may not do what it has to, a quota, or an
image that does not fit shows only when it is deployed.
"""

from __future__ import annotations

from collections.abc import Mapping

from autoexec_magic.deployer.aws.marks import told
from autoexec_magic.deployer.difference import changes_of
from autoexec_magic.deployer.target import Change, Live
from autoexec_magic.releasefacts import Release


def changes(release: Release, live: Live | None, expected: Mapping[str, str]) -> tuple[Change, ...]:
    """Return what differs between what is live and what it would be.

    Parameters
    ----------
    release : Release
        What would be deployed.
    live : Live, optional
        What is live, as AWS describes it.
    expected : mapping of str to str
        What AWS would have of the release, by the same names.
    """
    new, _ = told(release, expected, expected)
    now = dict(live.fields) if live else {}
    if live is not None:
        now["digest"] = live.digest
    was = live.release.spec if live and live.release else None
    if was and was.inputs_digest and was.inputs_digest == release.spec.inputs_digest:
        new["digest"] = was.digest
    return changes_of(now, new)
