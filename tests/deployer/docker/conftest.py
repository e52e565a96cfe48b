"""An engine of the tests' own, images with a fate, and a service to deploy them as."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import webimages
from deployer.scenarios import GATE, file_of
from docker.errors import APIError
from engines import Engine, engine, registry, session_engine, session_swarm, swarm  # noqa: F401 (fixtures)

from autoexec_magic import executor
from autoexec_magic.deployer import Journal, Work, deploy
from autoexec_magic.deployer.docker import Docker, labels
from autoexec_magic.deployer.serving.client import Serving
from autoexec_magic.events import Event
from autoexec_magic.executor.stops import NEVER
from autoexec_magic.history import new_id
from autoexec_magic.ledger import Ledger, ledger_in
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


#: what a container takes on a busy machine before its process begins
BEGINS_SECONDS = 6
#: of the secret that the scenarios change
VERSIONS = {"value-one": "1", "value-two": "2"}


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


class SwarmPlace(Place):
    """The same at a Swarm."""

    def service_of(self, release: Release, number: int = 1) -> dict[str, Any]:
        """Return what the Swarm tells of a service of a release."""
        found: dict[str, Any] = self.client.inspect_service(self.name(release, number))
        return found

    def replicas(self) -> dict[str, int]:
        """Return the Swarm's services, and how many replicas each is to have."""
        return {
            each["Spec"]["Name"]: each["Spec"]["Mode"]["Replicated"]["Replicas"]
            for each in self.client.services()
        }

    def by_hand(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run docker's own command, as a person does."""
        given = {**os.environ, "DOCKER_HOST": self.engine.url}
        return subprocess.run(["docker", *words], env=given, capture_output=True, text=True, check=False)


@dataclass
class Bed:
    """The same service for the scenarios of all targets."""

    engine: Engine
    folder: Path
    ledger: Ledger
    client: Any
    images: dict[str, str]
    options: dict[str, str] = field(default_factory=dict)
    serves: bool = True

    def spec(self, version: str, behaviour: str = "well", **changes: Any) -> Spec:
        variables = (("BEHAVIOUR", behaviour), ("VERSION", version))
        options = tuple(sorted(self.options.items()))
        given = {"environment": variables, "gate": GATE, "options": options, **changes}
        gate = given["gate"]
        given["gate"] = replace(gate, start_seconds=gate.start_seconds + BEGINS_SECONDS)
        return Spec(artifact="image", reference=f"served:{version}", digest=self.made(version), **given)

    def made(self, version: str) -> str:
        """Return the id of a version's image, which is made where it is not there yet."""
        if version not in self.images:
            files = {"app/main.py": file_of("served.py").read_text(), "app/version": version}
            changes = ("ENV HOST=0.0.0.0",)
            self.images[version] = webimages.made(
                self.engine, version, name="served", files=files, changes=changes
            )[1]
        return self.images[version]

    @property
    def serving(self) -> Serving:
        """The service's proxy, as another process would find it."""
        return Serving(self.folder / "serving")

    def target(self, values: Mapping[str, str] | None = None) -> Docker:
        versions = {name: VERSIONS[value] for name, value in (values or {}).items()}
        words = {"options": self.options, "values": values or {}, "versions": versions}
        return Docker(service="web", serving=self.serving, **words)

    def url(self) -> str:
        return self.target().address()

    def api(self) -> str:
        return self.engine.url.removeprefix("unix://")

    def by(self, port: int) -> contextlib.AbstractContextManager[None]:
        return mock.patch.dict(os.environ, DOCKER_HOST=f"tcp://127.0.0.1:{port}")

    def lose(self, release: Release) -> None:
        """Remove what is there of it, as a person does."""
        wanted = {"label": f"{labels.RELEASE_ID}={release.release_id}"}
        for each in self.client.containers(all=True, filters=wanted):
            self.client.remove_container(each["Id"], force=True, v=True)

    def script(self) -> tuple[str, dict[str, str]]:
        text = (
            "from pathlib import Path\n"
            "from autoexec_magic.deployer.docker import Docker\n"
            "from autoexec_magic.deployer.serving.client import Serving\n"
            f"serving = Serving(Path({str(self.folder / 'serving')!r}))\n"
            f"target = Docker(service='web', serving=serving, options={self.options!r})\n"
        )
        return text, {}


class SwarmBed(Bed):
    """The same at a Swarm."""

    def lose(self, release: Release) -> None:
        wanted = {"label": f"{labels.RELEASE_ID}={release.release_id}"}
        for each in self.client.services(filters=wanted):
            self.client.remove_service(each["ID"])


@pytest.fixture(scope="session")
def served_images() -> dict[str, str]:
    """Return the ids of the images of the scenarios' service that are made already, by version."""
    return {}


@pytest.fixture(scope="session")
def served_swarm_images() -> dict[str, str]:
    """Return the same of the Swarm's engine."""
    return {}


@pytest.fixture
def bed(engine, served_images, tmp_path):  # noqa: F811
    """Return a bed of containers."""
    with contextlib.closing(engine.client()) as client:
        found = Bed(engine, tmp_path, Ledger(path=tmp_path / "ledger.db"), client, served_images)
        try:
            yield found
        finally:
            found.serving.end()
            for name in webimages.ids(client, "web"):
                client.remove_container(name, force=True, v=True)


@pytest.fixture
def swarm_bed(swarm, served_swarm_images, tmp_path):  # noqa: F811
    """Return a bed at a Swarm."""
    with contextlib.closing(swarm.client()) as client:
        found = SwarmBed(swarm, tmp_path, Ledger(path=tmp_path / "ledger.db"), client, served_swarm_images)
        try:
            yield found
        finally:
            found.serving.end()
            emptied(client)


def emptied(client: Any) -> None:
    """Remove all that is at a Swarm, and wait until nothing of it runs."""
    for each in client.services():
        client.remove_service(each["ID"])
    for each in client.secrets():
        client.remove_secret(each["ID"])
    for each in client.containers():
        with contextlib.suppress(APIError):
            client.kill(each["Id"])
    assert executor.wait_for(lambda: client.containers(all=True) == [] or None, timeout=60)


@pytest.fixture(scope="session")
def web_images(session_engine) -> dict[str, tuple[str, str]]:  # noqa: F811
    """Return images of a web service by their versions: name and digest."""
    return {version: webimages.made(session_engine, version) for version in ("1", "2")}


@pytest.fixture(scope="session")
def swarm_images(session_swarm) -> dict[str, tuple[str, str]]:  # noqa: F811
    """Return the same at a Swarm's manager."""
    return {version: webimages.made(session_swarm, version) for version in ("1", "2")}


@pytest.fixture
def swarm_place(swarm, swarm_images, tmp_path):  # noqa: F811
    """Return a service at a Swarm that nothing is live of; all of it is gone afterwards."""
    with contextlib.closing(swarm.client()) as client:
        found = SwarmPlace(engine=swarm, folder=tmp_path, client=client, images=dict(swarm_images))
        try:
            yield found
        finally:
            found.serving.end()
            emptied(client)


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
