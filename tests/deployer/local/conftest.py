"""A bed on this machine: the real supervisor and proxy, and a small service of the tests'."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deployer.scenarios import GATE, file_of

from autoexec_magic.deployer.local import Local, Prepared
from autoexec_magic.ledger import Ledger
from autoexec_magic.releasefacts import Release, Spec


def prepare(release: Release, folder: Path) -> Prepared:
    """Put the service into its folder."""
    shutil.copyfile(file_of("served.py"), folder / "served.py")
    return Prepared(argv=(sys.executable, str(folder / "served.py")), cwd=folder)


@dataclass
class Bed:
    folder: Path
    ledger: Ledger
    serves: bool = True

    def spec(self, version: str, behaviour: str = "well", **changes: Any) -> Spec:
        digest = hashlib.sha256(version.encode()).hexdigest()
        variables = (("BEHAVIOUR", behaviour), ("VERSION", version))
        given = {"environment": variables, "gate": GATE, **changes}
        return Spec(artifact="app", reference="web", digest=f"sha256:{digest}", **given)

    def target(self, values: Mapping[str, str] | None = None) -> Local:
        return Local(service="web", folder=self.folder / "web", prepare=prepare, values=values or {})

    def url(self) -> str:
        return self.target().address()

    def lose(self, release: Release) -> None:
        shutil.rmtree(self.folder / "web" / "releases" / release.release_id)

    def script(self) -> tuple[str, dict[str, str]]:
        text = (
            "from pathlib import Path\n"
            "from deployer.local.conftest import prepare\n"
            "from autoexec_magic.deployer.local import Local\n"
            f"target = Local(service='web', folder=Path({str(self.folder / 'web')!r}), prepare=prepare)\n"
        )
        return text, {"PYTHONPATH": str(file_of("..").resolve())}


@pytest.fixture
def bed(tmp_path) -> Iterator[Bed]:
    made = Bed(folder=tmp_path, ledger=Ledger(path=tmp_path / "ledger.db"))
    yield made
    made.target().serving.end()
