"""Where a service goes; nothing is asked for that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from autoexec_magic.deployer import Service
from autoexec_magic.errors import UsageError
from autoexec_magic.orchestrator import Plan
from autoexec_magic.orchestrator.targets import NOBODY, Held, target_of
from autoexec_magic.releasefacts import Secret


def test_a_secret_without_a_value_has_no_version_here():
    """What this process does not have it does not claim."""
    pairs = (("A", "1"), ("B", "2"))
    secrets = [Secret(name=name, reference=f"env:{name}", version=version) for name, version in pairs]
    held = Held.of(secrets, {"A": "value-of-a"})
    assert held.versions == {"A": "1"}
    assert "value-of-a" not in repr(held)


def test_a_target_is_made_without_a_connection(tmp_path, monkeypatch):
    """Its settings are looked at."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    here = SimpleNamespace(cache=tmp_path / "cache")
    plan = Plan(verb="status", title="web", phases=())
    service = Service(name="web", target="docker", folder=Path(), path=Path())
    assert target_of(service, plan, print, here, NOBODY).kind == "docker"
    wrong = replace(service, options=(("container-prot", "1"),))
    with pytest.raises(UsageError, match="container-prot"):
        target_of(wrong, plan, print, here, NOBODY)


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("kubernetes", {"namespace": "web"}),
        ("gcp", {"project": "my-project", "region": "europe-west1"}),
        ("aws", {"region": "eu-west-1", "handler": "web.handler"}),
        ("aws", {"region": "eu-west-1", "service": "ecs"}),
    ],
)
def test_each_platform_is_made_without_asking_it(tmp_path, target, options):
    """Nobody is connected to, and no credentials are looked for; a misspelt option is told."""
    here = SimpleNamespace(cache=tmp_path / "cache", workspace=tmp_path)
    plan = Plan(verb="status", title="web", phases=())
    service = Service(
        name="web", target=target, folder=tmp_path, path=tmp_path, options=tuple(sorted(options.items()))
    )
    assert target_of(service, plan, print, here, NOBODY).kind == target
    wrong = replace(service, options=(*service.options, ("no-such-option", "1")))
    with pytest.raises(UsageError, match="no-such-option"):
        target_of(wrong, plan, print, here, NOBODY)
