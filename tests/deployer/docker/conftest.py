"""An engine of the tests' own, images with a fate, and a service to deploy them as."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import webimages
from engines import Engine, engine, registry, session_engine  # noqa: F401 (fixtures)

from autoexec_magic.deployer import Journal, Work, deploy
from autoexec_magic.deployer.docker import Docker
from autoexec_magic.deployer.serving.client import Serving
from autoexec_magic.events import Event
from autoexec_magic.executor.stops import NEVER
from autoexec_magic.history import new_id
from autoexec_magic.ledger import ledger_in
from autoexec_magic.releasefacts import Deployed, Gate, Release, Secret, Spec

QUICK = Gate(
    path="/health",
    start_seconds=60,
    interval_seconds=0.1,
    answer_seconds=20,
    successes=2,
    bake_seconds=0.5,
    failures=2,
)


@dataclass
class Place:
    """One service at one engine: how it is deployed, and how it is looked at."""

    engine: Engine
    folder: Path
    client: Any
    images: dict[str, tuple[str, str]]
    service: str = "web"
    values: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    @property
    def serving(self) -> Serving:
        """The service's proxy, as another process would find it."""
        return Serving(self.folder / "serving")

    def target(self, **words: Any) -> Docker:
        """Return the target, as a new process would make it."""
        usual = {"values": self.values, "versions": self.versions, "limit_seconds": 60}
        return Docker(service=self.service, serving=self.serving, **{**usual, **words})

    def release(self, version: str = "1", **words: Any) -> Release:
        """Return a release of an image; `fate`, `says` and `secret` are put where they belong."""
        name, digest = self.images[version]
        environment = {"FATE": words.pop("fate", ""), "SAYS": words.pop("says", "")}
        environment |= words.pop("environment", {})
        secrets = []
        if value := words.pop("secret", ""):
            self.values["TOKEN"], self.versions["TOKEN"] = value, f"version-of-{value[:4]}"
            secrets = [Secret(name="TOKEN", reference="env:TOKEN", version=self.versions["TOKEN"])]
        spec = Spec(
            artifact="image",
            reference=name,
            digest=digest,
            environment=tuple(sorted((key, value) for key, value in environment.items() if value)),
            secrets=tuple(secrets),
            gate=QUICK,
        )
        return Release(
            service=self.service, target="docker", release_id=new_id(), spec=replace(spec, **words)
        )

    def journal(self) -> Journal:
        """Return the record of the service."""
        return Journal(ledger=ledger_in(self.folder), service=self.service, target="docker")

    def work(self, **words: Any) -> Work:
        """Return what a deploy works with."""
        return Work(journal=self.journal(), emit=self.events.append, stop=NEVER, **words)

    def deploy(self, release: Release, **words: Any) -> Deployed:
        """Deploy a release as a new process would."""
        return deploy(self.target(), release, self.work(**words))

    def containers(self) -> dict[str, str]:
        """Return the containers of the service, and what each is doing."""
        return webimages.ids(self.client, self.service)

    def inspected(self, release: Release, number: int = 1) -> dict[str, Any]:
        """Return what the engine tells of a container of a release."""
        found: dict[str, Any] = self.client.inspect_container(self.name(release, number))
        return found

    def name(self, release: Release, number: int = 1) -> str:
        """Return the name of a container."""
        return f"autoexec-{self.service}-{release.release_id[-8:]}-{number}"

    def answer(self) -> dict[str, Any]:
        """Return what the service says to people."""
        with urllib.request.urlopen(self.target().address(), timeout=60) as got:
            found: dict[str, Any] = json.loads(got.read())
            return found


@pytest.fixture(scope="session")
def web_images(session_engine) -> dict[str, tuple[str, str]]:  # noqa: F811
    """Return images of a web service by their versions: name and digest."""
    return {version: webimages.made(session_engine, version) for version in ("1", "2")}


@pytest.fixture
def place(engine, web_images, tmp_path):  # noqa: F811
    """Return a service that nothing is live of; all of it is gone afterwards."""
    with contextlib.closing(engine.client()) as client:
        found = Place(engine=engine, folder=tmp_path, client=client, images=dict(web_images))
        try:
            yield found
        finally:
            found.serving.end()
            for name in found.containers():
                client.remove_container(name, force=True, v=True)
