"""An app's folder as a zip."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import replace

import benches
import pytest
from builder.wheelfolder import sources_of, wheel_of

from autoexec_magic import builder
from autoexec_magic.deployer.aws import zipped
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.orchestrator.packing import Packer
from autoexec_magic.releasefacts import Gate, Release, Spec


def test_the_same_files_make_the_same_bytes(tmp_path):
    """Whenever they were written, and in whatever order."""
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, names in ((one, ("a.py", "b.py")), (two, ("b.py", "a.py"))):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(name)
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "a.pyc").write_text(str(folder))
    os.utime(two / "a.py", (1, 1))
    assert zipped.zip_of(one) == zipped.zip_of(two)
    with zipfile.ZipFile(io.BytesIO(zipped.zip_of(one).content)) as opened:
        assert opened.namelist() == ["a.py", "b.py"]


def test_what_is_too_large_is_refused_before_it_is_sent(tmp_path, monkeypatch):
    """Unzipped and zipped; with the way out."""
    (tmp_path / "a.bin").write_bytes(os.urandom(4096))
    monkeypatch.setattr(zipped, "UNZIPPED_BYTES", 4095)
    with pytest.raises(DeployError, match="too large") as caught:
        zipped.zip_of(tmp_path)
    assert "unzipped" in caught.value.why
    assert "a.bin 0 MiB" in caught.value.why
    monkeypatch.setattr(zipped, "UNZIPPED_BYTES", 2**20)
    monkeypatch.setattr(zipped, "ZIPPED_BYTES", 4000)
    with pytest.raises(DeployError) as caught:
        zipped.zip_of(tmp_path, "web")
    assert caught.value.fix == ("artifact = 'image' in [tool.autoexec.deploy.web], then %autoexec deploy web")


@pytest.mark.parametrize(
    ("runtime", "architecture", "platform"),
    [
        ("python3.11", "x86_64", "x86_64-manylinux2014"),
        ("python3.12", "x86_64", "x86_64-manylinux_2_34"),
        ("python3.13", "arm64", "aarch64-manylinux_2_34"),
    ],
)
def test_packages_are_those_of_the_runtime(runtime, architecture, platform):
    """Its Linux, its processor, its Python."""
    found = zipped.machine_of(runtime, architecture)
    assert found == {"platform": platform, "python": runtime.removeprefix("python")}


def test_a_runtime_that_is_no_pythons_is_refused():
    """An app is Python."""
    with pytest.raises(UsageError, match=r"nodejs22\.x runs no zip"):
        zipped.machine_of("nodejs22.x", "x86_64")


def test_a_link_that_leads_out_is_refused(tmp_path):
    """What it means is nobody's to upload."""
    folder = tmp_path / "app"
    folder.mkdir()
    (tmp_path / "key").write_text("x")
    (folder / "key").symlink_to(tmp_path / "key")
    with pytest.raises(DeployError, match="leads out"):
        zipped.zip_of(folder)


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_nothing_is_no_app(tmp_path, name):
    """Neither no folder nor one without files."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(DeployError):
        zipped.zip_of(tmp_path / name)


HANDLER = """
import pear

def handler(event, context):
    return {"statusCode": 200, "body": pear.WORD + " from " + pear.__file__}
"""


@pytest.fixture
def packed(lambda_bed, tmp_path):
    """A bed whose app needs a package that a folder of wheels has, and the line of its lock."""
    line = wheel_of(tmp_path / "links", "pear", {"pear.py": "WORD = 'crisp'\n"}, scripts="pear = pear:WORD")
    place = tmp_path / "app"
    place.mkdir()
    about = {"shape": "handler", "module": "web", "requirements": "requirements.txt"}
    for name, text in {
        "web.py": HANDLER,
        "requirements.txt": f"{line}\n",
        "autoexec-app.json": json.dumps(about),
    }.items():
        (place / name).write_text(text)
    lambda_bed.options["handler"] = "web.handler"
    bench = replace(benches.bench(tmp_path, level="open"), sources=sources_of(tmp_path / "links"))
    lambda_bed.pack = Packer(bench=bench, workspace=tmp_path, project=tmp_path)
    return lambda_bed


def of_app(bed):
    options = tuple(sorted(bed.options.items()))
    digest = builder.digest_of_app(bed.folder / "app")
    gate = Gate(answer_seconds=30)
    spec = Spec(artifact="app", reference="app", digest=digest, options=options, gate=gate)
    return Release(service="web", target="aws", release_id="r1", spec=spec)


def looked(target, made):
    """Look at a version until Lambda has made it ready."""
    for _ in range(20):
        found = target.unwell_aside(made)
        if found is None or "makes it ready" not in found.why:
            return found
    raise AssertionError(found)


def test_a_function_imports_what_its_lock_has(packed):
    """The zip is run as Lambda runs it: nothing but what is in it has the package."""
    target = replace(packed.target(), pack=packed.pack)
    made = target.stage(of_app(packed), print)
    assert looked(target, made) is None
    target.switch(made, print, fence=1)
    status, body = packed.answer("/")
    assert status == 200
    assert body.decode().startswith("crisp from ")
    assert packed.front.lambdas.runner.folder.name in body.decode()


def test_the_same_app_and_lock_make_the_same_zip(packed):
    """Another installation of it, another day: so what is staged again is what is there."""
    target = replace(packed.target(), pack=packed.pack)
    options = target._options(of_app(packed))
    one, two = (target._code(of_app(packed), options) for _ in range(2))
    assert one.sha == two.sha
    with zipfile.ZipFile(io.BytesIO(one.given["ZipFile"])) as opened:
        assert {"pear.py", "web.py", "requirements.txt"} <= set(opened.namelist())
        assert not [name for name in opened.namelist() if name.startswith("bin/")]


def test_without_its_packages_a_function_does_not_begin(packed):
    """The import fails at Lambda: it is the packages that make the difference."""
    made = packed.target().stage(of_app(packed), print)
    found = looked(packed.target(), made)
    assert found.is_final
    assert "pear" in found.why
