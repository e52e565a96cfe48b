"""A release of this machine made ready: its files, its environment, its program."""

from __future__ import annotations

import json
import sys

import beds
import pytest

from autoexec_magic import builder
from autoexec_magic.errors import DeployError
from autoexec_magic.history import new_id
from autoexec_magic.orchestrator.preparing import Preparer, about_app
from autoexec_magic.releasefacts import Release, Spec

ABOUT = {"shape": "wsgi", "module": "pear_app", "requirements": "", "health": "/health"}


def release(artifact: str, reference: str, command: tuple[str, ...] = (), digest: str = "") -> Release:
    spec = Spec(artifact=artifact, reference=reference, digest=digest or "sha256:a", command=command)
    return Release(service="pear", target="local", release_id=new_id(), spec=spec)


@pytest.fixture
def bed(tmp_path):
    return beds.Bed(tmp_path)


@pytest.fixture
def preparer(bed):
    return Preparer(bench=bed.bench, level="open", workspace=bed.folder)


def app(bed, **changes) -> str:
    bed.write("dist/pear/autoexec-app.json", json.dumps({**ABOUT, **changes}))
    bed.write("dist/pear/pear_app/__init__.py", "")
    return "dist/pear"


def built(bed) -> str:
    """Return the digest of the app as it lies there."""
    return builder.digest_of_app(bed.folder / "dist/pear")


def test_what_was_changed_since_it_was_built_is_refused(bed, preparer, tmp_path):
    """A release is known by its digest."""
    reference = app(bed)
    made = release("app", reference, digest=built(bed))
    bed.write("dist/pear/pear_app/__init__.py", "VALUE = 2\n")
    place = tmp_path / "release"
    place.mkdir()
    with pytest.raises(DeployError, match="is not what this release was made of"):
        preparer(made, place)


def test_an_app_gets_its_files_and_an_environment_of_its_own(bed, preparer, tmp_path):
    """The reference is relative to the project; nothing of the running interpreter's packages is in it."""
    place = tmp_path / "release"
    place.mkdir()
    reference = app(bed)
    found = preparer(release("app", reference, digest=built(bed)), place)
    assert found.argv == (str(place / "env/bin/python"), "-m", "pear_app")
    assert found.cwd == place / "app"
    assert (place / "app/pear_app/__init__.py").is_file()
    assert list(place.glob("env/lib/python*/site-packages/pytest")) == []


def test_what_is_gone_is_told(preparer, tmp_path):
    """With how to make it anew."""
    with pytest.raises(DeployError, match="not there any more"):
        preparer(release("app", "dist/nothing"), tmp_path)


def test_an_image_is_nothing_for_this_machine(bed, preparer, tmp_path):
    """Docker serves those."""
    with pytest.raises(DeployError, match="serves apps and wheels"):
        preparer(release("image", app(bed)), tmp_path)


@pytest.mark.parametrize("shape", ["main", "handler", "notebook"])
def test_what_runs_to_its_end_is_no_service(bed, shape):
    """It says what would be one."""
    with pytest.raises(DeployError, match="makes nothing that listens"):
        about_app(bed.folder / app(bed, shape=shape))


def test_what_handles_events_is_one_where_that_is_asked_for(bed):
    """A function is no service of this machine, and one of another."""
    folder = bed.folder / app(bed, shape="handler", handler="pear_app.handler")
    assert about_app(folder, may_handle=True)["handler"] == "pear_app.handler"


def test_a_folder_that_is_no_app_is_told(bed):
    """Whatever is in it."""
    with pytest.raises(DeployError, match="is no app"):
        about_app(bed.folder)


def test_a_command_is_of_the_environment_first(bed, preparer, tmp_path):
    """Else a program of the machine's, by its path; what is not there is told."""
    app(bed)
    for number, (words, program) in enumerate(
        [(("python", "-V"), "env/bin/python"), ((sys.executable, "-V"), sys.executable)]
    ):
        place = tmp_path / str(number)
        place.mkdir()
        argv = preparer(release("app", "dist/pear", words, built(bed)), place).argv
        assert argv == (str(place / program), "-V")
    place = tmp_path / "none"
    place.mkdir()
    with pytest.raises(DeployError, match="not installed"):
        preparer(release("app", "dist/pear", ("no-such-program-1",), built(bed)), place)
