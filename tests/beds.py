"""Projects for the tests of builders of wheels, and what a package index of a test's own is."""

from __future__ import annotations

from pathlib import Path

import benches

from autoexec_magic import builder
from autoexec_magic.builder import wheels

USER, PASSWORD = "melba", "correct-horse-battery-5"
BACKEND = Path(__file__).parent / "builder" / "wheels" / "backend.txt"
HATCH = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
OWN = '[build-system]\nrequires = []\nbuild-backend = "own_backend"\nbackend-path = ["."]\n'


class Bed:
    """A project below a folder of its own, and a bench to build it at."""

    def __init__(self, tmp_path: Path, name: str = "pear") -> None:
        self.tmp_path, self.folder, self.events = tmp_path, tmp_path / name, []
        self.folder.mkdir()
        self.bench = benches.bench(tmp_path, events=self.events)

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def own(self, project: str = 'name = "pear"\nversion = "1.0"\n', more: str = "") -> Bed:
        """Make it a project whose backend is in its tree, so that no index is needed."""
        self.write("pyproject.toml", f"{OWN}[project]\n{project}\n")
        self.write("own_backend.py", BACKEND.read_text("utf-8") + more)
        self.write("pear/__init__.py", "VALUE = 1\n")
        return self

    def source(self, **wish: object) -> builder.Source:
        return builder.source_of(self.folder, self.folder, builder.Wish(**wish))

    def plan(self, **wish: object) -> builder.BuildPlan:
        return wheels.plan(self.source(**wish), self.bench)

    def build(self, **wish: object):
        return wheels.build(self.plan(**wish), self.bench)

    @property
    def left(self) -> list[str]:
        """What is in the folder but for what was written there."""
        return (
            sorted(path.name for path in (self.folder / "dist").glob("*"))
            if (self.folder / "dist").exists()
            else []
        )


class Index:
    """A pypiserver on loopback to which only one user may send."""

    def __init__(self, url: str, packages: Path) -> None:
        self.url, self.simple, self.packages = url, f"{url}simple/", packages
