"""What a project needs is written where its own tools look, and nothing that stands there is changed."""

from __future__ import annotations

import tomllib

import pytest

from autoexec_magic.errors import PhaseError, UsageError
from autoexec_magic.installer import manifests
from autoexec_magic.installer.notebook_lock import Locked
from autoexec_magic.installer.sources import Sources
from autoexec_magic.installer.tool import Toolbox

YAML = Locked(name="pyyaml", version="6.0.3", hashes=("0" * 64, "1" * 64))
SIX = Locked(name="six", version="1.17.0", hashes=("2" * 64,))
PROJECT = """\
# mine
[project]
name = "Mine"
version = "1"   # of today
dependencies = [
    "requests",  # keep
]
[project.optional-dependencies]
extra = ["Six>=1"]
[tool.other]
a=1
"""


@pytest.fixture
def tools(emit):
    """Return what an edit needs: nobody is asked."""
    return Toolbox(sources=Sources(indexes=()), emit=emit, ask=lambda question: False)


@pytest.mark.parametrize(
    ("files", "name", "kind"),
    [
        ({"pyproject.toml": PROJECT, "requirements.txt": ""}, "pyproject.toml", "project"),
        ({"pyproject.toml": "[tool.ruff]", "requirements.txt": ""}, "requirements.txt", "requirements"),
        ({"pyproject.toml": "[tool.poetry]\nname='x'", "requirements.txt": ""}, "pyproject.toml", "told"),
        ({"requirements.in": "", "requirements.txt": ""}, "requirements.in", "requirements"),
        ({"Pipfile": ""}, "Pipfile", "told"),
        ({"environment.yml": ""}, "environment.yml", "told"),
        ({"setup.py": ""}, "setup.py", "told"),
        ({}, "requirements.txt", "requirements"),
    ],
)
def test_the_place_is_where_the_projects_own_tool_looks(tmp_path, files, name, kind):
    """What a person would open first to add a dependency."""
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    found = manifests.of_folder(tmp_path)
    assert (found.path.name, found.kind) == (name, kind)


def test_a_part_of_a_monorepo_says_what_it_needs_itself(tmp_path):
    """The nearest manifest at or below the root; a script with a block is one itself."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "one" / "src").mkdir(parents=True)
    (tmp_path / "one" / "requirements.txt").touch()
    (tmp_path / "two").mkdir()
    script = tmp_path / "one" / "script.py"
    script.write_text("# /// script\n# dependencies = []\n# ///\n")
    found = [
        manifests.of_file(tmp_path / name, tmp_path).path
        for name in ("one/src/a.py", "two/a.py", "one/script.py")
    ]
    assert found == [tmp_path / "one" / "requirements.txt", tmp_path / "pyproject.toml", script]


def test_pyproject_is_edited_by_uv_and_keeps_all_else(tmp_path, tools):
    """Every line that was there is there, comments too; the new one is a lower bound, as uv writes it."""
    path = tmp_path / "pyproject.toml"
    path.write_text(PROJECT)
    sentence = manifests.add(manifests.of_folder(tmp_path), [YAML], [SIX], tools)
    lines = path.read_text().splitlines()
    assert [line for line in lines if line not in PROJECT.splitlines()] == ['    "pyyaml>=6.0.3",']
    assert [line for line in lines if "pyyaml" not in line] == PROJECT.splitlines()
    assert sentence == "wrote pyproject.toml: pyyaml"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pyproject.toml"]


def test_what_a_project_declares_anywhere_is_declared(tmp_path):
    """In an extra, in a group, as its own name, or for Poetry: it is not written once more."""
    path = tmp_path / "pyproject.toml"
    path.write_text(PROJECT + '[dependency-groups]\ndev = ["PyTest", {include-group = "x"}]\n')
    assert manifests.declared(manifests.of_folder(tmp_path)) == {"mine", "requests", "six", "pytest"}
    path.write_text(
        "[tool.poetry.dependencies]\nPyYAML = '^6'\n[tool.poetry.group.dev.dependencies]\nsix = '*'\n"
    )
    assert manifests.declared(manifests.of_folder(tmp_path)) == {"pyyaml", "six"}


def test_a_scripts_block_is_edited_by_uv(tmp_path, tools):
    """Its own block gets the pin; the code below, and its line ends, stay."""
    path = tmp_path / "a.py"
    path.write_bytes(
        b"# /// script\n# dependencies = [\n#   'six', # keep\n# ]\n# ///\nimport six\r\nx = 'a'\r\n"
    )
    where = manifests.of_file(path, tmp_path)
    assert manifests.declared(where) == {"six"}
    manifests.add(where, [YAML], [], tools)
    text = path.read_bytes()
    assert text.endswith(b"import six\r\nx = 'a'\r\n")
    assert b"pyyaml==6.0.3" in text
    assert b"# keep" in text
    assert manifests.declared(manifests.of_file(path, tmp_path)) == {"six", "pyyaml"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b"pyyaml==6.0.3\n"),
        (b"a==1 # why\n\n# end\n", b"a==1 # why\n\n# end\npyyaml==6.0.3\n"),
        (b"a", b"a\npyyaml==6.0.3\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\npyyaml==6.0.3\r\n"),
        (b"\xef\xbb\xbf", b"\xef\xbb\xbfpyyaml==6.0.3\n"),
        (b"PyYAML>=5 ; python_version > '3'\n", b"PyYAML>=5 ; python_version > '3'\n"),
        (b"\xff\n", b"\xff\npyyaml==6.0.3\n"),
    ],
)
def test_requirements_get_lines_at_their_end(old, new):
    """Whatever stands there stays, to the byte; what is declared is not written once more."""
    assert manifests.appended(old, [YAML], []) == new
    assert manifests.appended(new, [YAML], []) == new


def test_requirements_with_hashes_get_hashes(tmp_path):
    """There pip takes no line without: each gets its own, and what it needs gets a line, too."""
    old = b"a==1 \\\n    --hash=sha256:" + b"a" * 64 + b"\n"
    new = manifests.appended(old, [YAML], [SIX])
    assert new.startswith(old)
    assert new[len(old) :].decode() == (
        f"pyyaml==6.0.3 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\n"
        f"six==1.17.0 \\\n    --hash=sha256:{'2' * 64}\n"
    )
    (tmp_path / "requirements.txt").write_bytes(new)
    where = manifests.of_folder(tmp_path)
    assert manifests.has_hashes(where)
    assert manifests.declared(where) == {"a", "pyyaml", "six"}


def test_requirements_to_compile_get_a_lower_bound(tmp_path, tools):
    """The pins are the compiler's; what to type is said."""
    (tmp_path / "requirements.in").write_text("a\n")
    sentence = manifests.add(manifests.of_folder(tmp_path), [YAML], [], tools)
    assert (tmp_path / "requirements.in").read_text() == "a\npyyaml>=6.0.3\n"
    assert sentence == "wrote requirements.in: pyyaml; now: uv pip compile requirements.in"


def test_requirements_of_other_files_are_declared(tmp_path):
    """`-r` is followed below its folder, not out of it, and not for ever."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "out.txt").write_text("outside\n")
    (tmp_path / "mine" / "requirements.txt").write_text("-r more.txt\n-r ../out.txt\n-e .\n--pre\n")
    (tmp_path / "mine" / "more.txt").write_text("-r requirements.txt\nPyYAML[x]>=6 # c\n")
    assert manifests.declared(manifests.of_folder(tmp_path / "mine")) == {"pyyaml"}


def test_another_tools_file_is_not_touched(tmp_path, tools):
    """Its command is said."""
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.poetry]\nname = 'x'\n")
    assert manifests.add(manifests.of_folder(tmp_path), [YAML], [], tools).endswith("poetry add pyyaml")
    assert path.read_text() == "[tool.poetry]\nname = 'x'\n"


def test_a_folder_without_any_gets_requirements(tmp_path, tools):
    """The one file that every installer reads."""
    manifests.add(manifests.of_folder(tmp_path), [YAML], [], tools)
    assert (tmp_path / "requirements.txt").read_text() == "pyyaml==6.0.3\n"
    assert manifests.add(manifests.of_folder(tmp_path), [], [SIX], tools) == ""


def test_what_cannot_be_written_is_said(tmp_path, tools):
    """A read-only file is left, a broken one is named, and a tool that fails changes nothing."""
    (tmp_path / "requirements.txt").write_text("a\n")
    (tmp_path / "requirements.txt").chmod(0o444)
    with pytest.raises(PhaseError, match="cannot write requirements"):
        manifests.add(manifests.of_folder(tmp_path), [YAML], [], tools)
    (tmp_path / "pyproject.toml").write_text("[project")
    with pytest.raises(UsageError, match="cannot be read"):
        manifests.of_folder(tmp_path)
    broken = "[project]\nname = 'x'\nversion = '1'\ndependencies = 'six'\n"
    (tmp_path / "pyproject.toml").write_text(broken)
    with pytest.raises(PhaseError, match="uv did not write") as raised:
        manifests.add(manifests.of_folder(tmp_path), [YAML], [], tools)
    assert "pyyaml>=6.0.3" in raised.value.fix
    assert (tmp_path / "pyproject.toml").read_text() == broken
    assert tomllib.loads(broken)
