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
from autoexec_magic.releasefacts import Release, Spec

LATER = "decided when it is staged"  #: by what the image has inside


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
    if was and _is_built_of_the_same(was, release.spec):
        new["digest"] = was.digest
    return changes_of(now, new)


def asked_later(release: Release, live: Live | None) -> str:
    """Return what is shown of a health check that is decided by what an image has inside.

    To see that, a container has to be made, which a dry run does not. Only where the
    image, and what is asked of it, are those that are live it is known: what is live asks.
    """
    was = live.release.spec if live and live.release and not live.changed else None
    if live is None or was is None or _asked(was) != _asked(release.spec):
        return LATER
    is_same = was.digest == release.spec.digest or _is_built_of_the_same(was, release.spec)
    return dict(live.fields).get("health.command", "") if is_same else LATER


def _asked(spec: Spec) -> tuple[object, ...]:
    gate = spec.gate
    return spec.port, gate.path, gate.command, gate.answer_seconds, dict(spec.options).get("target-group", "")


def _is_built_of_the_same(was: Spec, new: Spec) -> bool:
    """Whether what would be built is what was: a dry run builds nothing, and knows no digest of it."""
    return bool(was.inputs_digest) and was.inputs_digest == new.inputs_digest
