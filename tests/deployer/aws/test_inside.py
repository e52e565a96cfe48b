"""What an image has, as a real engine tells it; nothing of it is run."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import tarfile

import pytest
from deployer.aws.conftest import breaking_engine
from deployer.aws.made import release
from engines import PYTHON, engine, session_engine  # noqa: F401 - fixtures

from autoexec_magic.deployer.aws.inside import UNKNOWN, Inside, inside


def image(engine, text):  # noqa: F811
    """Build an image of a Dockerfile, and return its release."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as tar:
        item = tarfile.TarInfo("Dockerfile")
        item.size = len(text.encode())
        tar.addfile(item, io.BytesIO(text.encode()))
    into.seek(0)
    with contextlib.closing(engine.client()) as made:
        assert not [
            line
            for line in made.build(fileobj=into, custom_context=True, tag="web:inside", rm=True, decode=True)
            if "error" in line
        ]
        return release(reference="web:inside", digest=str(made.inspect_image("web:inside")["Id"]))


def containers(engine):  # noqa: F811
    with contextlib.closing(engine.client()) as made:
        return made.containers(all=True)


def test_its_programs_and_its_healthcheck_are_found(engine):  # noqa: F811
    """Along its PATH; the container for that is gone."""
    before = containers(engine)
    found = inside(image(engine, f"FROM {PYTHON}\nHEALTHCHECK CMD python3 -V\n"))
    assert found.healthcheck == ("CMD-SHELL", "python3 -V")
    assert {"sh", "python3"} <= found.programs
    assert containers(engine) == before


def test_an_image_of_one_file_has_none(engine):  # noqa: F811
    """It has no shell: nothing is started to find that out."""
    made = image(engine, "FROM scratch\nCOPY Dockerfile /x\nHEALTHCHECK NONE\n")
    assert inside(made) == Inside(programs=frozenset())
    assert inside(made, programs=False) == UNKNOWN


def test_what_the_engine_has_not_is_unknown(engine, monkeypatch):  # noqa: F811
    """Nor is another image of the same name it, nor is there always an engine."""
    made = image(engine, f"FROM {PYTHON}\n")
    spec = dataclasses.replace(made.spec, digest="sha256:" + "b" * 64)
    assert inside(dataclasses.replace(made, spec=spec)) == UNKNOWN
    assert inside(release(reference="nowhere:1")) == UNKNOWN
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    assert inside(made) == UNKNOWN


def test_of_an_engine_that_breaks_off_nothing_is_known(monkeypatch):
    """An image that is in ECR needs no engine that is well."""
    with breaking_engine() as url:
        monkeypatch.setenv("DOCKER_HOST", url)
        assert inside(release()) == UNKNOWN


@pytest.mark.parametrize("test", [["NONE"], [], None])
def test_a_healthcheck_of_none_is_none(test):
    """As a Dockerfile takes a base's away."""
    from autoexec_magic.deployer.aws.inside import _healthcheck

    assert _healthcheck({"Healthcheck": {"Test": test}}) == ()
