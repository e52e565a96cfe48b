"""A function's files put together, with the packages that they need."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import beds
import pytest
from builder.wheelfolder import sources_of, wheel_of

from autoexec_magic import builder
from autoexec_magic.errors import BuildError, DeployError
from autoexec_magic.history import new_id
from autoexec_magic.orchestrator.packing import Packer
from autoexec_magic.releasefacts import Release, Spec

ABOUT = {"shape": "handler", "module": "web", "handler": "web.handler", "requirements": ""}
MACHINE = {"platform": "x86_64-manylinux_2_34", "python": "3.12"}


@pytest.fixture
def bed(tmp_path):
    return beds.Bed(tmp_path)


@pytest.fixture
def packer(bed, tmp_path):
    bench = replace(bed.bench, sources=sources_of(tmp_path / "links"))
    return Packer(bench=bench, workspace=bed.folder, project=bed.folder)


def app(bed, **files):
    """Write an app, and return its release."""
    about = {**ABOUT, "requirements": "requirements.txt" if "requirements.txt" in files else ""}
    bed.write("dist/web/autoexec-app.json", json.dumps(about))
    for name, text in {"web.py": "import pear\n", **files}.items():
        bed.write(f"dist/web/{name}", text)
    return release("app", "dist/web", builder.digest_of_app(bed.folder / "dist/web"))


def release(kind, reference, digest):
    spec = Spec(artifact=kind, reference=reference, digest=digest)
    return Release(service="web", target="aws", release_id=new_id(), spec=spec)


def files_of(packer, made):
    with packer(made, **MACHINE) as folder:
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def told(bed):
    return [event.text for event in bed.events if type(event).__name__ == "Progress"]


def test_an_app_gets_what_its_lock_has(bed, packer, tmp_path):
    """By its hashes, and nothing is warned of; the folder is gone afterwards."""
    line = wheel_of(tmp_path / "links", "pear", {"pear.py": "X = 1\n"})
    made = app(bed, **{"requirements.txt": f"{line}\n"})
    with packer(made, **MACHINE) as folder:
        assert (folder / "pear.py").is_file()
        assert (folder / "web.py").is_file()
    assert not folder.exists()
    assert not (bed.folder / "dist/web/pear.py").exists()
    assert told(bed) == []


def test_what_has_no_hashes_is_warned_of(bed, packer, tmp_path):
    """Another day it may be another one."""
    wheel_of(tmp_path / "links", "pear", {"pear.py": "X = 1\n"})
    assert "pear.py" in files_of(packer, app(bed, **{"requirements.txt": "pear\n"}))
    assert any("nothing locks what web needs" in text for text in told(bed))


def test_an_app_without_requirements_is_as_it_is(bed, packer):
    """No uv is started."""
    packer = replace(packer, bench=replace(packer.bench, uv=None))
    assert files_of(packer, app(bed)) == ["autoexec-app.json", "web.py"]


def test_what_was_changed_since_it_was_built_is_refused(bed, packer):
    """A rollback would else publish another release's code."""
    made = app(bed)
    bed.write("dist/web/web.py", "another = 1\n")
    with pytest.raises(DeployError, match="is not what this release was made of"):
        files_of(packer, made)


def test_a_secret_goes_into_no_zip(bed, packer):
    """It is named, and how it is given."""
    with pytest.raises(BuildError, match=r"\.env would go into the zip") as failed:
        files_of(packer, app(bed, **{".env": "TOKEN=abcdefgh12345678\n"}))
    assert "secrets of web" in failed.value.fix


def test_a_package_that_is_not_to_be_had_leads_to_an_image(bed, packer, tmp_path):
    """There it may be built."""
    (tmp_path / "links").mkdir()
    with pytest.raises(BuildError, match="what web needs is not to be had for x86_64") as failed:
        files_of(packer, app(bed, **{"requirements.txt": "pears-nowhere\n"}))
    assert failed.value.fix


def test_a_wheel_gets_what_it_needs(bed, packer, tmp_path):
    """Its own files are in it, and its needs."""
    wheel_of(tmp_path / "links", "pear", {"pear.py": "X = 1\n"})
    wheel_of(bed.folder / "dist", "web", {"web.py": "import pear\n"}, requires="pear")
    path = "dist/web-1-py3-none-any.whl"
    digest = hashlib.sha256((bed.folder / path).read_bytes()).hexdigest()
    assert {"pear.py", "web.py"} <= set(files_of(packer, release("wheel", path, f"sha256:{digest}")))


def test_a_wheel_gets_what_its_projects_lock_has(bed, packer, tmp_path):
    """By its hashes: another file of the same name is refused."""
    links = tmp_path / "links"
    line = wheel_of(links, "pear", {"pear.py": "X = 1\n"})
    wheel_of(bed.folder / "dist", "web", {"web.py": "import pear\n"}, requires="pear")
    path = "dist/web-1-py3-none-any.whl"
    digest = hashlib.sha256((bed.folder / path).read_bytes()).hexdigest()
    locked(bed, links, line.rpartition(":")[2])
    made = release("wheel", path, f"sha256:{digest}")
    assert {"pear.py", "web.py"} <= set(files_of(packer, made))
    assert told(bed) == []
    locked(bed, links, "0" * 64)
    with pytest.raises(BuildError, match="not to be had"):
        files_of(packer, made)


def locked(bed, links, digest):
    """Write a uv.lock by hand that has one package of a folder."""
    bed.write("pyproject.toml", '[project]\nname = "web"\nversion = "1"\ndependencies = ["pear"]\n')
    bed.write(
        "uv.lock",
        'version = 1\nrequires-python = ">=3.11"\n\n'
        '[[package]]\nname = "pear"\nversion = "1"\n'
        f'source = {{ registry = "{links}" }}\n'
        f'wheels = [{{ path = "pear-1-py3-none-any.whl", hash = "sha256:{digest}" }}]\n\n'
        '[[package]]\nname = "web"\nversion = "1"\nsource = { virtual = "." }\n'
        'dependencies = [{ name = "pear" }]\n\n'
        '[package.metadata]\nrequires-dist = [{ name = "pear" }]\n',
    )


def test_what_is_gone_is_told(packer):
    """With how to make it anew."""
    with pytest.raises(DeployError, match="not there any more"):
        files_of(packer, release("app", "dist/nothing", "sha256:a"))
