"""What a deploy would change, by Cloud Run's own word: it is asked with `validate_only`."""

from __future__ import annotations

from collections.abc import Callable

from autoexec_magic.deployer.difference import changes_of
from autoexec_magic.deployer.gcp import image, reading, secretstore
from autoexec_magic.deployer.gcp.asking import Asking, Message, library
from autoexec_magic.deployer.gcp.changing import Change as Written
from autoexec_magic.deployer.gcp.changing import set_entrance, written
from autoexec_magic.deployer.gcp.template import template_of
from autoexec_magic.deployer.target import Change, Live
from autoexec_magic.history import short_id
from autoexec_magic.releasefacts import Release


def changes(
    release: Release, live: Live | None, asking: Asking, staged: Callable[[Message], Written]
) -> tuple[Change, ...]:
    """Return what differs between what is live and what Cloud Run says it would be.

    Parameters
    ----------
    release : Release
        What would be deployed; its image and its secrets need not be there yet.
    live : Live, optional
        What is live.
    asking : Asking
        Who asks.
    staged : callable
        Takes a template, and returns the change that would stage it.

    Raises
    ------
    DeployError
        Cloud Run would refuse it, in its own words.
    """
    secrets = secretstore.known(release, asking)
    made = template_of(release, image.expected(release, asking), secrets)
    what = f"Cloud Run does not take release {short_id(release.release_id)} of {release.service}"
    operation = written(asking, staged(made), what, validate_only=True)
    service = _would_be(operation)
    template = made
    if service is not None:
        set_entrance(service, release.spec)  # the switch says it, and not the staging
        template = service.template
    new = reading.fields_of(template, service, release)
    new["digest"] = release.digest
    for each in release.spec.secrets:
        new[f"secret.{each.name}"] = f"{each.reference} ({each.version})"
    was = live.release.spec if live and live.release else None
    if was and was.inputs_digest and was.inputs_digest == release.spec.inputs_digest:
        new["digest"] = was.digest
    return changes_of(dict(live.fields) if live else {}, new)


def _would_be(operation: Message | None) -> Message | None:
    """Return the service that Cloud Run says it would have, with its defaults; None where it does not say."""
    found = getattr(operation, "operation", operation)
    if found is None or not found.done or not found.HasField("response"):
        return None
    run_v2 = library()
    said = run_v2.Service.pb(run_v2.Service())
    return run_v2.Service.wrap(said) if found.response.Unpack(said) else None
