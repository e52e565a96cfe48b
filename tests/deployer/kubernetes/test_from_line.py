"""Own manifests from the line to a real cluster, and back."""

from __future__ import annotations

import json

import pytest
from deployer.kubernetes import own
from kubes import answers, near, settled

from autoexec_magic import api

pytestmark = [pytest.mark.slow, pytest.mark.limit(400)]


def test_own_manifests_go_live_and_back_by_what_each_release_had(kube, service, tmp_path, monkeypatch):
    """The image on the line wins over that of the manifests; a rollback reads no file any more."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("KUBECONFIG", str(kube.kubeconfig))
    project = tmp_path / "project"
    (project / "k8s").mkdir(parents=True)
    head = f"[tool.autoexec.deploy.{service}"
    settings = (
        f'{head}]\ntarget = "kubernetes"\nbake = 1\n{head}.kubernetes]\nnamespace = "{kube.namespace}"\n'
    )
    (project / "pyproject.toml").write_text(settings)
    monkeypatch.chdir(project)

    def write(version, image):
        bodies = [own.config(version), own.deployment(container={"image": image}, replicas=2)]
        text = "\n---\n".join(map(json.dumps, [*bodies, own.front(service)]))
        (project / "k8s" / "all.yaml").write_text(text)

    write("1", kube.images[0][0])
    given = {"manifest": "k8s"}
    assert api.deploy(service, given=given, dry_run=True).changes
    first = api.deploy(service, given=given).deployed[0].release
    assert (first.spec.replicas, first.digest) == (2, kube.images[0][1])
    at = near(api.status(service).address)
    settled(lambda: answers(at) == "1", "the first release")
    write("2", "shop/none:1")
    given["image"] = kube.images[1][0]
    assert {each.name for each in api.deploy(service, given=given, dry_run=True).changes} == {
        *("ConfigMap/settings.data.VERSION", "digest")
    }
    api.deploy(service, given=given)
    settled(lambda: answers(at) == "2", "the second release")
    (project / "k8s" / "all.yaml").unlink()
    back = api.rollback(service, yes=True).deployed[0].release
    assert (back.release_id, back.spec) == (first.release_id, first.spec)
    settled(lambda: answers(at) == "1", "the first release again")
    assert api.status(service).drift == ()
    api.rollback(service, to="nothing", yes=True)
