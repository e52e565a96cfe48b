"""An app is imported in the cage, in an environment that has its lock and nothing else."""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import benches
import pytest

from autoexec_magic import builder
from autoexec_magic.builder import app
from autoexec_magic.builder.app import trial
from autoexec_magic.errors import BuildError, RunTimeout
from autoexec_magic.events import Stepped
from autoexec_magic.executor import cage

pytestmark = pytest.mark.skipif(not cage.can_be_had("workspace", Path.cwd()), reason="there is no cage here")
MAIN = "def main():\n    return 0"


def wheel(folder: Path, name: str, text: str, *needs: str) -> str:
    """Write a wheel of one module, and return its requirement with its hash."""
    file = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}.py", text)
        rows = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
        rows += [f"Requires-Dist: {each}" for each in needs]
        archive.writestr(f"{about}/METADATA", "\n".join([*rows, ""]))
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


@pytest.fixture
def build(tmp_path, note, monkeypatch):
    """Build the app of some cells with a lock, and packages from a folder."""
    (tmp_path / "wheels").mkdir()
    sources = {"UV_OFFLINE": "1", "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(tmp_path / "wheels")}

    def run(*cells, lock="", events=None, name="model.ipynb", at=".", pass_on=(), **wish):
        path = note(*cells, name=name)
        monkeypatch.chdir(path.parent / at)
        bench = benches.bench(tmp_path, events=events, pass_on=pass_on)
        bench = replace(bench, sources=sources, lock_of=lambda path: lock, timeout=wish.pop("timeout", None))
        source = builder.source_of(path, path.parent, builder.Wish(**wish))
        (artifact,) = app.build(app.plan(source, bench), bench)
        return artifact

    return run


def test_a_lock_is_installed_by_its_hashes(build, tmp_path):
    """The module comes from the wheel whose bytes the lock names, and from no other."""
    lock = wheel(tmp_path / "wheels", "pear", "def sweet():\n    return True")
    text = "import pear\nassert pear.sweet()\ndef main():\n    return 0"
    artifact = build(text, lock=lock)
    assert (Path(artifact.reference) / "requirements.txt").read_text() == lock
    assert artifact.lock_digest == f"sha256:{hashlib.sha256(lock.encode()).hexdigest()}"
    wheel(tmp_path / "wheels", "pear", "def sweet():\n    return 'poison'")
    with pytest.raises(BuildError, match=r"lock of model\.ipynb") as raised:
        build(text + "  # changed", lock=f"{lock.partition('sha256:')[0]}sha256:{'0' * 64}\n")
    assert "hash" in raised.value.why.lower()


def test_what_is_not_in_the_lock_is_not_there(build, tmp_path):
    """Not even what this interpreter has: the fix locks it again."""
    lock = wheel(tmp_path / "wheels", "pear", "x = 1")
    with pytest.raises(BuildError) as raised:
        build("import pear\nx = 1", "import pytest\n" + MAIN, lock=lock)
    assert raised.value.what.startswith("model.ipynb cell 2 line 1 fails")
    assert "pytest" in raised.value.why
    assert raised.value.fix.startswith("%autoexec fix model.ipynb; where it says that pytest ")
    assert f"install 'pytest!={pytest.__version__}'" in raised.value.fix
    assert not (tmp_path / "work" / "dist" / "model").exists()
    assert os.listdir(tmp_path / "work" / "dist") == []


def test_a_lock_that_lacks_what_it_needs_is_refused(build, tmp_path):
    """Although the index has it: in an image nothing but the lock is installed."""
    lock = wheel(tmp_path / "wheels", "pear", "x = 1", "plum")
    more = wheel(tmp_path / "wheels", "plum", "y = 1")
    cells = ("import pear", MAIN)
    with pytest.raises(BuildError, match=r"lock of model\.ipynb lacks plum") as raised:
        build(*cells, lock=lock)
    assert "needs plum" in raised.value.why
    assert raised.value.fix == "%autoexec fix model.ipynb"
    assert build(*cells, lock=lock + more).lock_digest
    with pytest.raises(BuildError) as raised:
        build(*cells, lock=lock, name="a b.ipynb", at="..")
    assert raised.value.fix == "%autoexec fix 'work/a b.ipynb'"


def test_a_module_that_is_nowhere_is_locked_by_one_command(build, tmp_path):
    """What is not installed here either is installed and locked by the fix itself."""
    lock = wheel(tmp_path / "wheels", "pear", "x = 1")
    with pytest.raises(BuildError) as raised:
        build("import pear", "import no_such_pear\n" + MAIN, lock=lock)
    assert raised.value.fix == "%autoexec fix model.ipynb"
    with pytest.raises(BuildError) as raised:
        build("import pear", "import no_such_pear\n" + MAIN, lock=lock, name="a b.ipynb", at="..")
    assert raised.value.fix == "%autoexec fix 'work/a b.ipynb'"


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("data.csv", 'include = ["data.csv"] in [tool.autoexec.build] of pyproject.toml'),
        ("rows/gone.csv", 'put rows/gone.csv beside the notebook; include = ["rows/gone.csv"]'),
        ("../far.csv", "put the file beside the notebook"),
        ("/no/such/file.csv", "put the file beside the notebook"),
    ],
)
def test_a_file_that_is_not_in_the_app_is_named_in_the_fix(build, tmp_path, path, fix):
    """So that it can be copied as it stands."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "data.csv").write_text("1")
    with pytest.raises(BuildError) as raised:
        build(f"f = open({path!r})", MAIN)
    assert raised.value.fix.startswith(fix)


@pytest.mark.parametrize(
    ("cells", "what", "why", "fix"),
    [
        (("x = {}", "y = 1\nz = x['rate']\n" + MAIN), "cell 2 line 2", "'rate' is not there", "--no-tests"),
        (("f = open('data.csv')", MAIN), "cell 1 line 1", "data.csv", "include"),
        (
            ("import urllib.request as u\nu.urlopen('http://127.0.0.1:9/')", MAIN),
            "cell 1 line 2",
            "",
            "--no-tests",
        ),
        ((MAIN, "import sys\nsys.exit('no')"), "model.ipynb cannot be imported", "no", "--no-tests"),
        (
            ("class A:\n    @property\n    def x(self):\n        return 1 / 0\nA().x", MAIN),
            "cell 1 line 4",
            "zero",
            "",
        ),
    ],
)
def test_a_cell_that_fails_alone_is_named(build, cells, what, why, fix):
    """By its number and the line in it."""
    with pytest.raises(BuildError) as raised:
        build(*cells)
    assert what in raised.value.what
    assert why in raised.value.why
    assert fix in raised.value.fix


def test_a_cell_that_waits_for_ever_has_a_limit(build):
    """It is told as such."""
    with pytest.raises(RunTimeout):
        build("import time\ntime.sleep(60)", MAIN, timeout=2.0)


def test_foreign_code_is_in_the_cage_and_changes_nothing(build, tmp_path):
    """It may write into its copy, which is thrown away, and nowhere else."""
    text = f"open('mine.txt', 'w').close()\ntry:\n    open({str(tmp_path / 'out')!r}, 'w')\nexcept OSError:\n    pass"
    artifact = build(text, MAIN)
    assert not (tmp_path / "out").exists()
    assert "mine.txt" not in os.listdir(artifact.reference)


def test_the_same_app_is_tried_once(build):
    """And not at all where that was asked for."""
    events = []
    build(MAIN, events=events)
    build(MAIN, events=events)
    steps = [(each.label, each.is_cached) for each in events if isinstance(each, Stepped)]
    label = "import it with its lock alone"
    assert steps == [
        (label, False),
        ("put it into dist/model", False),
        (label, True),
        ("put it into dist/model", True),
    ]
    events.clear()
    build(MAIN, "# another", events=events)
    assert not next(each for each in events if isinstance(each, Stepped)).is_cached
    events.clear()
    build("1 / 0", MAIN, events=events, tests=False)
    assert [each.label for each in events if isinstance(each, Stepped)] == ["put it into dist/model"]


def test_what_passed_with_a_variable_is_tried_without_it(build, monkeypatch):
    """Whoever builds without it is told what the app lacks, and not that it was tried before."""
    monkeypatch.setenv("PEAR_FLAVOUR", "sweet")
    cells = ("import os\nflavour = os.environ['PEAR_FLAVOUR']", MAIN)
    build(*cells, pass_on=("PEAR_FLAVOUR",))
    with pytest.raises(BuildError, match="cell 1 line 2"):
        build(*cells)
    monkeypatch.setenv("PEAR_FLAVOUR", "sour")
    events = []
    build(*cells, pass_on=("PEAR_FLAVOUR",), events=events)
    assert not next(each for each in events if isinstance(each, Stepped)).is_cached


def test_what_was_tried_long_ago_is_tried_again(build, tmp_path):
    """And what nobody builds any more does not stay."""
    build(MAIN)
    [stamp] = tmp_path.rglob(f"builds/{trial.FOLDER}/*")
    for path, days in ((stamp, 31), (stamp.with_name("other"), 31), (stamp.with_name("young"), 29)):
        path.touch()
        when = time.time() - days * 86_400
        os.utime(path, (when, when))
    events = []
    build(MAIN, events=events)
    assert not next(each for each in events if isinstance(each, Stepped)).is_cached
    assert sorted(each.name for each in stamp.parent.iterdir()) == sorted([stamp.name, "young"])


def test_what_cannot_be_called_is_no_app(build):
    """Its shape was read, and what it is when it runs is another thing."""
    cells = ("def app(environ, start_response):\n    return []", "globals()['app'] = 5")
    with pytest.raises(BuildError) as raised:
        build(*cells)
    assert "cannot be called" in raised.value.why


def test_what_failed_is_tried_again(build):
    """Only what was imported is remembered."""
    for _ in range(2):
        with pytest.raises(BuildError, match="cell 1 line 1"):
            build("x = 1 / 0", MAIN)
