"""All kinds are planned and asked about before any of them is built or sent."""

from __future__ import annotations

import dataclasses
import json
import os
from types import SimpleNamespace

import benches
import pytest

from autoexec_magic import api, builder
from autoexec_magic.builder import BuildPlan, Wish
from autoexec_magic.errors import BuildError, MissingTool, NeedsPerson, UsageError
from autoexec_magic.events import Progress
from autoexec_magic.orchestrator import planning
from autoexec_magic.values import Artifact


class Kind:
    """A builder of one kind that notes what is asked of it, and fails where it is told to."""

    def __init__(self, kind, seen, fails=""):
        self.kind, self.seen, self.fails = kind, seen, fails

    def _do(self, what):
        self.seen.append(f"{what} {self.kind}")
        if self.fails == what:
            raise BuildError(f"{self.kind} cannot {what}", why="it is told so", fix="none")

    def fits(self, path):
        """Whether it does."""
        return True

    def plan(self, source, bench):
        """Plan nothing."""
        self._do("plan")
        return BuildPlan(kind=self.kind, name="pear", version="1", source=source, inputs=())

    def ready(self, plan, bench):
        """Agree."""
        self._do("ready")
        return dataclasses.replace(plan, data={"agreed": True})

    def build(self, plan, bench):
        """Build it, if it was agreed to."""
        self._do("build")
        assert plan.data["agreed"]
        digest = "sha256:" + "a" * 64
        made = Artifact(
            artifact=self.kind,
            name="pear",
            version="1",
            reference="x",
            digest=digest,
            bytes=1,
            inputs_digest=digest,
        )
        return (made,)


@pytest.fixture
def kinds(tmp_path, monkeypatch):
    """Return what makes all four kinds ones that note what they do, and that list."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "pyproject.toml").touch()

    def set_up(**fails):
        seen = []
        own = {kind: Kind(kind, seen, fails.get(kind, "")) for kind in builder.KINDS}
        monkeypatch.setattr(builder, "builder_of", own.__getitem__)
        return seen, tmp_path / "home"

    return set_up


@pytest.mark.parametrize("what", ["plan", "ready"])
def test_nothing_is_built_where_another_kind_cannot_be(kinds, what):
    """Neither planned to the end nor sent: the error says that nothing happened."""
    seen, home = kinds(image=what)
    with pytest.raises(BuildError, match=f"image cannot {what}") as raised:
        api.build(home, kinds=("wheel", "image"))
    assert not any(each.startswith("build") for each in seen)
    assert "nothing was built or sent of wheel, image" in raised.value.evidence
    assert api.ledger_rows(kind="build") == []


def test_the_order_is_that_of_the_kinds_and_each_is_built_once(kinds):
    """However they are named: an image may be of what was built before."""
    seen, home = kinds()
    report = api.build(home, kinds=("image", "wheel", "image"))
    assert seen == [f"{what} {kind}" for what in ("plan", "ready", "build") for kind in ("wheel", "image")]
    assert [each.artifact for each in report.artifacts] == ["wheel", "image"]


def test_a_dry_run_asks_nobody(kinds):
    """It may run where nobody is."""
    seen, home = kinds(wheel="ready")
    assert api.build(home, kinds=("wheel",), dry_run=True).verdict == "passed"
    assert seen == ["plan wheel"]


@pytest.mark.parametrize(
    ("wish", "option"),
    [
        (Wish(publish="pypi"), "--publish"),
        (Wish(push="localhost:5000"), "--push"),
        (Wish(smoke=True), "--smoke"),
        (Wish(tag="a:1"), "--tag"),
        (Wish(twice=True), "--twice"),
    ],
)
def test_what_no_kind_can_do_is_refused(kinds, wish, option):
    """Else a person would think that it was sent."""
    seen, home = kinds()
    with pytest.raises(UsageError, match=f"{option} is for"):
        api.build(home, kinds=("app",), wish=wish)
    assert seen == []


def test_no_tests_means_nothing_for_an_image(kinds):
    """The options of one kind are refused for another, and the fix is the whole line."""
    seen, home = kinds()
    with pytest.raises(UsageError, match="--no-tests is for app and wheel") as raised:
        api.build(home, kinds=("image",), wish=Wish(tests=False))
    assert f"%autoexec build app image {home} --no-tests" in raised.value.fix
    assert seen == []


def test_a_kind_that_nobody_named_is_left_out_where_its_engine_is_missing(kinds, monkeypatch):
    """A project with a script fits an image, too; whoever named it is told."""
    seen, home = kinds()
    own = builder.builder_of("image")

    def missing(plan, bench):
        raise MissingTool("no Docker Engine answers", fix="start it")

    monkeypatch.setattr(own, "ready", missing)
    heard = []
    report = api.build(home, caller=api.Caller(emit=heard.append))
    assert [each.artifact for each in report.artifacts] == ["app", "wheel", "npm"]
    told = [each.text for each in heard if isinstance(each, Progress)]
    assert told == ["! no image is built, which nobody named: no Docker Engine answers: start it"]
    for more in ({"kinds": ("wheel", "image")}, {"wish": Wish(tag="a:1")}):
        seen.clear()
        with pytest.raises(MissingTool, match="no Docker Engine"):
            api.build(home, **more)
        assert not any(each.startswith("build") for each in seen)


def test_the_last_kind_is_never_left_out(kinds, monkeypatch):
    """To build nothing and pass would be a lie."""
    _, home = kinds()

    def missing(source, bench):
        raise MissingTool("npm is not installed")

    for kind in builder.KINDS:
        monkeypatch.setattr(builder.builder_of(kind), "plan", missing)
    with pytest.raises(MissingTool):
        api.build(home)


def test_an_engine_is_looked_for_before_a_wheel_is_built(tmp_path, nobodys, monkeypatch):
    """Also where no image is pushed; unnamed it is left out."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    folder = both(tmp_path / "both")
    (folder / "main.py").write_text("print(1)\n")
    with pytest.raises(MissingTool, match="no Docker Engine"):
        api.build(folder, kinds=("wheel", "image"))
    assert not (folder / "dist").exists()


@pytest.mark.parametrize(
    ("files", "what", "why", "fix"),
    [
        ({"a.ipynb": "", "b.ipynb": ""}, "until a notebook is named", "2 notebooks", "build app "),
        ({"package.json": '{"private": true, "workspaces": ["a"]}'}, "nothing in", "private", "build npm"),
        ({"x.txt": ""}, "nothing in", "no pyproject.toml", "KIND PATH"),
    ],
)
def test_where_nothing_fits_the_next_thing_is_said(tmp_path, monkeypatch, files, what, why, fix):
    """By what lies there."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    cell = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [], "execution_count": None}
    note = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    place = tmp_path / "place"
    place.mkdir()
    for name, content in files.items():
        (place / name).write_text(content or json.dumps(note))
    with pytest.raises(UsageError, match=what) as raised:
        api.build(place)
    assert why in raised.value.why
    assert fix in raised.value.fix


@pytest.mark.parametrize("kind", ["wheel", "npm"])
def test_what_is_made_of_a_folder_is_not_made_of_a_notebook(tmp_path, nobodys, kind):
    """The folder around it is not what was named."""
    folder = both(tmp_path / "both")
    (folder / "x.ipynb").write_text("{}")
    with pytest.raises(UsageError, match=f"no {kind} is made of x.ipynb") as raised:
        api.build(folder / "x.ipynb", kinds=(kind,))
    assert raised.value.fix == f"%autoexec build app {folder / 'x.ipynb'}"
    with pytest.raises(UsageError) as raised:
        api.build(folder / "pear.py", kinds=(kind,))
    assert raised.value.fix == f"%autoexec build {kind} {folder}"


@pytest.mark.parametrize(("kind", "lacks"), [("wheel", "pyproject.toml"), ("npm", "package.json")])
def test_a_folder_that_is_no_project_is_refused_before_anything_runs(tmp_path, nobodys, kind, lacks):
    """With the name of the file that makes it one."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"empty is no (Python project|npm package)") as raised:
        api.build(tmp_path / "empty", kinds=(kind,))
    assert lacks in raised.value.why


def both(folder):
    """Make a folder a Python project and an npm package."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "pear"\nversion = "1"\n')
    (folder / "pear.py").write_text("VALUE = 1\n")
    (folder / "package.json").write_text('{"name": "pear", "version": "1.0.0", "main": "index.js"}')
    (folder / "index.js").write_text("exports.value = 1\n")
    return folder


@pytest.fixture
def nobodys(tmp_path, monkeypatch):
    """Let the machine have no login for anything."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    for name in list(os.environ):
        if name.startswith(("UV_PUBLISH_", "TWINE_")) or name in ("NPM_TOKEN", "NODE_AUTH_TOKEN"):
            monkeypatch.delenv(name)


def test_a_target_of_wheels_alone_is_refused_for_both(tmp_path, nobodys, monkeypatch):
    """`build all --publish pypi` sends no wheel and then errs at npm."""
    monkeypatch.setenv("UV_PUBLISH_TOKEN", "pypi-not-a-token")
    folder = both(tmp_path / "both")
    with pytest.raises(UsageError, match="pypi is no registry of npm packages") as raised:
        api.build(folder, kinds=("wheel", "npm"), wish=Wish(publish="pypi"))
    assert "nothing was built or sent of wheel, npm" in raised.value.evidence
    assert not (folder / "dist").exists()


def test_a_login_that_one_lacks_is_found_before_the_other_is_built(tmp_path, nobodys, monkeypatch):
    """Both are settings of the project; the wheel's token is there, npm's is not."""
    monkeypatch.setenv("UV_PUBLISH_TOKEN", "pypi-not-a-token")
    folder = both(tmp_path / "both")
    (folder / "autoexec.toml").write_text(
        "[build]\nrepository = 'http://127.0.0.1:9/'\nnpm-registry = 'http://127.0.0.1:9/'\n"
    )
    with pytest.raises(BuildError, match="cannot be published") as raised:
        api.build(folder, kinds=("wheel", "npm"), wish=Wish(publish="repository"), yes=True)
    assert "there is no token" in raised.value.why
    assert not (folder / "dist").exists()
    monkeypatch.delenv("UV_PUBLISH_TOKEN")
    monkeypatch.setenv("NPM_TOKEN", "npm-not-a-token")
    with pytest.raises(NeedsPerson, match="no token for"):
        api.build(folder, kinds=("wheel", "npm"), wish=Wish(publish="repository"), yes=True)
    assert not (folder / "dist").exists()


def test_an_engine_that_is_not_there_is_found_before_a_wheel_is_sent(tmp_path, nobodys, monkeypatch):
    """Where the image is to be pushed in the same line."""
    monkeypatch.setenv("UV_PUBLISH_TOKEN", "pypi-not-a-token")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    folder = both(tmp_path / "both")
    (folder / "main.py").write_text("print(1)\n")
    wish = Wish(publish="http://127.0.0.1:9/", push="127.0.0.1:9/team")
    with pytest.raises(MissingTool, match="no Docker Engine"):
        api.build(folder, kinds=("wheel", "image"), wish=wish)
    assert not (folder / "dist").exists()


def test_push_by_the_setting_is_asked_about_and_needs_the_setting(tmp_path, nobodys):
    """It is the project that chose it; the error names the setting."""
    folder = both(tmp_path / "both")
    (folder / "main.py").write_text("print(1)\n")
    with pytest.raises(UsageError, match="no registry is configured") as raised:
        api.build(folder, kinds=("image",), wish=Wish(push="registry"), dry_run=True)
    assert "registry in [tool.autoexec.build]" in raised.value.why
    (folder / "autoexec.toml").write_text("[build]\nregistry = 'localhost:5000/team'\n")
    report = api.build(folder, kinds=("image",), wish=Wish(push="registry"), dry_run=True)
    assert report.planned[0].outputs[-1] == "localhost:5000/team/pear:1"


def test_what_is_ready_is_no_other_plan(tmp_path):
    """A builder that sends nothing is asked nothing."""
    bench = benches.bench(tmp_path, level="open")
    source = builder.source_of(both(tmp_path / "both"), tmp_path)
    plan = BuildPlan(kind="app", name="pear", version="1", source=source, inputs=())
    assert planning.agreed((plan,), bench) == (plan,)
    assert planning.again(plan, bench) is plan
    assert not isinstance(SimpleNamespace(fits=0, plan=0, build=0), builder.Sender)
