"""One namespace for all of these tests, and a service of its own for each; for a scenario one of its own."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
import yaml
from deployer.scenarios import GATE, file_of
from kubes import Kube, answers, near, own_namespace, settled

from autoexec_magic.deployer.kubernetes import Kubernetes, names
from autoexec_magic.ledger import Ledger
from autoexec_magic.releasefacts import Release, Spec


@pytest.fixture(scope="session")
def kube() -> Iterator[Kube]:
    """Return a namespace of a real cluster, which is removed at the end."""
    with own_namespace() as found:
        yield found


@pytest.fixture
def service(kube: Kube) -> Iterator[str]:
    """Return a name that no other test has; what it left is removed."""
    name = f"web-{uuid.uuid4().hex[:6]}"
    yield name
    target = kube.target(name)
    target.switch(None, lambda event: None, fence=10**18)
    target.tidy(None, (), lambda event: None)


@dataclass
class Bed:
    """A namespace of a real cluster with a service `web`, reached through its nodes' own proxy."""

    kube: Kube
    ledger: Ledger
    serves: bool = True

    def spec(self, version: str, behaviour: str = "well", **changes: Any) -> Spec:
        reference, digest = self.kube.images[version != "1"]
        text = "import os\nos.environ['HOST'] = '0.0.0.0'\n" + file_of("served.py").read_text("utf-8")
        given: dict[str, Any] = {
            "environment": (("BEHAVIOUR", behaviour), ("VERSION", version)),
            "gate": GATE,
            "command": ("python3", "-c", text),
            "port": 8080,
            "options": tuple(sorted(self.options.items())),
            **changes,
        }
        # a pod takes a while to start, and its probes come in whole seconds
        given["gate"] = replace(given["gate"], start_seconds=max(given["gate"].start_seconds, 8))
        return Spec(artifact="image", reference=reference, digest=digest, **given)

    @property
    def options(self) -> dict[str, str]:
        return {"namespace": self.kube.namespace, "service-type": "NodePort"}

    def target(self, values: Mapping[str, str] | None = None) -> Kubernetes:
        versions = {"SECRET": "2" if (values or {}).get("SECRET") == "value-two" else "1"}
        return self.kube.target("web", values=values or {}, versions=versions if values else {})

    def url(self) -> str:
        """Return where it is reached, once the node leads to what the cluster says: it lags."""
        target = self.target()
        live, at = target.live(), near(target.address())
        if live is not None and live.release_id:
            pods = names.object_of("web", live.release_id)

            def is_there() -> bool:
                found = [answers(at) for _ in range(3)]
                return all(each and json.loads(each)["host"].startswith(f"{pods}-") for each in found)

            settled(is_there, "the node leads to what is live")
        return at

    def lose(self, release: Release) -> None:
        name = names.object_of("web", release.release_id)
        self.kube.admin.delete("deployments", name)
        settled(lambda: self.kube.admin.get("deployments", name) is None, "it is gone")

    def api(self) -> tuple[str, int]:
        at = urlsplit(_cluster(self.kube.kubeconfig)[1]["server"])
        return str(at.hostname), at.port or 443

    @contextlib.contextmanager
    def by(self, port: int) -> Iterator[None]:
        """Reach it by a port, with the name that its certificate has."""
        was = self.kube
        whole, cluster = _cluster(was.kubeconfig)
        cluster |= {"server": f"https://127.0.0.1:{port}", "tls-server-name": self.api()[0]}
        path = self.ledger.path.with_name("kubeconfig")
        path.write_text(json.dumps(whole))
        self.kube = replace(was, kubeconfig=path)
        try:
            yield
        finally:
            self.kube = was

    def without_credentials(self) -> contextlib.AbstractContextManager[object]:
        from kubernetes.client import Configuration

        nobody = {"BearerToken": {"in": "header", "key": "authorization", "value": "Bearer of-nobody"}}
        return mock.patch.object(Configuration, "auth_settings", return_value=nobody)

    def script(self) -> tuple[str, dict[str, str]]:
        text = (
            "from autoexec_magic.deployer.kubernetes import Kubernetes\n"
            f"target = Kubernetes(service='web', options={self.options!r})\n"
        )
        return text, {"KUBECONFIG": str(self.kube.kubeconfig)}


def _cluster(kubeconfig: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a kubeconfig, and in it the cluster of its current context."""
    whole = yaml.safe_load(kubeconfig.read_text())
    context = next(each["context"] for each in whole["contexts"] if each["name"] == whole["current-context"])
    found = next(each["cluster"] for each in whole["clusters"] if each["name"] == context["cluster"])
    return whole, found


@pytest.fixture
def bed(tmp_path) -> Iterator[Bed]:
    """Return a bed in a namespace of its own."""
    with own_namespace() as found:
        yield Bed(kube=found, ledger=Ledger(path=tmp_path / "ledger.db"))
