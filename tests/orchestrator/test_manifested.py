"""A service with manifests of its own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from autoexec_magic.deployer.services import Service, service_of
from autoexec_magic.errors import UsageError
from autoexec_magic.orchestrator.manifested import manifested

TEXT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'shop/web:1'}]}
"""


def service(folder: Path, **more) -> Service:
    (folder / "k8s").mkdir(exist_ok=True)
    (folder / "k8s" / "all.yaml").write_text(TEXT)
    given = {"target": "kubernetes", "options": (("manifest", "k8s"),), **more}
    return Service(name="web", folder=folder, path=folder, **given)


def test_their_text_goes_with_the_release_and_their_image_is_deployed(tmp_path):
    found = manifested(service(tmp_path), tmp_path)
    options = dict(found.options)
    assert options["manifest"] == "k8s"
    assert "shop/web:1" in options["manifest-text"]
    assert (found.image, found.replicas) == ("shop/web:1", 4)
    whole = dataclasses.replace(found, options=(("manifest", str(tmp_path / "k8s")),))
    assert dict(manifested(whole, tmp_path).options)["manifest"] == "k8s"  # no home's name on the ledger


def test_manifests_elsewhere_are_named_without_their_place(tmp_path):
    """A release's row is kept, and may be shown."""
    project, outside = tmp_path / "project", tmp_path / "home" / "k8s"
    project.mkdir()
    outside.mkdir(parents=True)
    (outside / "all.yaml").write_text(TEXT)
    found = manifested(service(project, options=(("manifest", str(outside)),)), project)
    assert dict(found.options)["manifest"] == "k8s"
    assert str(tmp_path) not in str(found.options)


def test_what_the_settings_say_wins(tmp_path):
    found = manifested(service(tmp_path, image="web:2", replicas=2), tmp_path)
    assert (found.image, found.replicas) == ("web:2", 2)
    assert manifested(service(tmp_path, artifact="image"), tmp_path).image == ""  # it is built


def test_a_service_without_any_is_as_it_was(tmp_path):
    for each in (service(tmp_path, options=()), service(tmp_path, target="local")):
        assert manifested(each, tmp_path) is each


def test_the_line_and_the_settings_name_them(tmp_path):
    """A path of the line is from where it is typed; another target has no use for them."""
    (tmp_path / "k8s").mkdir()
    line = {"target": "kubernetes", "manifest": "k8s"}
    found = service_of("web", tmp_path, tmp_path, line)
    assert dict(found.options) == {"manifest": str(tmp_path / "k8s")}
    settings = '[tool.autoexec.deploy.web]\ntarget = "kubernetes"\nmanifest = "a.yaml"\n'
    (tmp_path / "pyproject.toml").write_text(settings + '[tool.autoexec.deploy.web.kubernetes]\nuser = "1"\n')
    assert dict(service_of("web", tmp_path, tmp_path).options) == {"manifest": "a.yaml", "user": "1"}
    assert dict(service_of("web", tmp_path, tmp_path, line).options)["manifest"] == str(tmp_path / "k8s")
    with pytest.raises(UsageError, match="local has no use for manifests"):
        service_of("web", tmp_path, tmp_path, {"target": "local"})
