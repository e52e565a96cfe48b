"""A bed at the tests' Cloud Run: its gRPC and its HTTP, the tests' own registry, and real containers."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from deployer.gcp.backing import removed_at_end
from deployer.gcp.cloud import Cloud, Fault
from deployer.gcp.wires import grpc_door, rest_door
from deployer.scenarios import GATE, file_of
from engines import PYTHON, Engine, engine, registry, session_engine  # noqa: F401 (fixtures)
from google.rpc import code_pb2

from autoexec_magic.deployer.gcp import CloudRun, permissions
from autoexec_magic.deployer.gcp.place import revision_of
from autoexec_magic.ledger import Ledger
from autoexec_magic.releasefacts import Release, Spec

_FILE = f"""FROM {PYTHON}
COPY served.py /served.py
ENV HOST=0.0.0.0 PYTHONUNBUFFERED=1
LABEL version=%s
CMD ["python", "/served.py"]
"""


def built(client: Any, version: str) -> str:
    """Build the image of a version and return its id."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, data in (
            ("Dockerfile", (_FILE % version).encode()),
            ("served.py", file_of("served.py").read_bytes()),
        ):
            item = tarfile.TarInfo(name)
            item.size = len(data)
            tar.addfile(item, io.BytesIO(data))
    content.seek(0)
    said = list(
        client.build(fileobj=content, custom_context=True, tag=f"web:{version}", decode=True, rm=True)
    )
    assert all("error" not in each for each in said), said[-1]
    return str(client.inspect_image(f"web:{version}")["Id"])


@dataclass
class Bed:
    folder: Path
    ledger: Ledger
    client: Any
    cloud: Cloud
    options: dict[str, str]
    serves: bool = False  # what got traffic and then fails is seen: instances are Cloud Run's
    made: list[CloudRun] = field(default_factory=list)

    def spec(self, version: str, behaviour: str = "well", **changes: Any) -> Spec:
        variables = (("BEHAVIOUR", behaviour), ("VERSION", version))
        given = {"environment": variables, "gate": GATE, "options": (("public", "true"),), **changes}
        digest = built(self.client, version)
        return Spec(**{"artifact": "image", "reference": f"web:{version}", "digest": digest, **given})

    def target(self, values: Mapping[str, str] | None = None, **options: str) -> CloudRun:
        made = CloudRun(service="web", options={**self.options, **options}, values=values or {}, variables={})
        self.made.append(made)
        return made

    def url(self) -> str:
        return self.target().address()

    def lose(self, release: Release) -> None:
        self.cloud.lose(revision_of(release))

    def api(self) -> tuple[str, int]:
        host, _, port = self.options["endpoint"].rpartition(":")
        return host, int(port)

    def by(self, port: int) -> contextlib.AbstractContextManager[None]:
        return mock.patch.dict(self.options, endpoint=f"127.0.0.1:{port}")

    def without_credentials(self) -> contextlib.AbstractContextManager[object]:
        over = Fault(code_pb2.UNAUTHENTICATED, "Request had invalid authentication credentials.")
        return mock.patch.object(self.cloud, "call", side_effect=over)

    def script(self) -> tuple[str, dict[str, str]]:
        text = (
            "from autoexec_magic.deployer.gcp import CloudRun\n"
            f"target = CloudRun(service='web', options={self.options!r}, variables={{}})\n"
        )
        return text, {"DOCKER_HOST": os.environ["DOCKER_HOST"], "GRPC_VERBOSITY": "NONE"}


@pytest.fixture
def plane() -> Iterator[tuple[Cloud, dict[str, str]]]:
    """Yield a Cloud Run with nothing behind its revisions, and the options that lead to it."""
    with contextlib.ExitStack() as stack:
        cloud = Cloud(client=None, delay_seconds=0.05)
        stack.callback(cloud.close)
        yield cloud, _options(cloud, stack, "127.0.0.1:1")


def _options(cloud: Cloud, stack: contextlib.ExitStack, registry: str) -> dict[str, str]:  # noqa: F811
    return {
        "project": "my-project",
        "region": "europe-west1",
        "repository": f"{registry}/my-project/images",
        "endpoint": stack.enter_context(grpc_door(cloud)),
        "rest-endpoint": stack.enter_context(rest_door(cloud)),
    }


@pytest.fixture
def bed(tmp_path: Path, engine: Engine, registry: str) -> Iterator[Bed]:  # noqa: F811
    """Yield a Cloud Run with nothing on it; at the end every call that was made is a documented one."""
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(contextlib.closing(engine.client()))
        stack.enter_context(removed_at_end(client))
        cloud = Cloud(client=client)
        stack.callback(cloud.close)
        options = _options(cloud, stack, registry)
        made = Bed(
            folder=tmp_path,
            ledger=Ledger(path=tmp_path / "ledger.db"),
            client=client,
            cloud=cloud,
            options=options,
        )
        yield made
        for each in made.made:
            each.close()
        assert set(cloud.calls) <= {*permissions.RUN, *permissions.REST}
