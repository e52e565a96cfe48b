"""Settings: who may say what, who wins, and how a mistake is told."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from autoexec_magic import config
from autoexec_magic.errors import UsageError

SOURCES = ("built-in", "person", "pyproject.toml", "autoexec.toml", "environment")
# Per setting that only a person may make: TOML, the variable's text, the value.
PERSONAL = {
    "index-url": ('"https://index.example/simple"', "https://index.example/simple", None),
    "project-age-days": ("1.5", "1.5", 1.5),
    "release-age-days": ("2", "2", 2.0),
    "index-hours": ("6", "6", 6.0),
    "cache-mb": ("100", "100", 100.0),
    "pass-on": ('["AWS_*"]', "AWS_*", ("AWS_*",)),
    "cage": ('"sealed"', "sealed", "sealed"),
    "limits.cpu-seconds": ("60", "60", 60.0),
    "limits.memory-mb": ("512", "512", 512.0),
    "limits.processes": ("20", "20", 20.0),
    "limits.file-mb": ("0.5", "0.5", 0.5),
    "limits.open-files": ("64", "64", 64.0),
    "limits.output-mb": ("8", "8", 8.0),
    "fix.rounds": ("2", "2", 2.0),
    "fix.seconds": ("60", "60", 60.0),
    "fix.model": ('"small"', "small", "small"),
    "fix.url": ('"https://model.example/v1"', "https://model.example/v1", None),
    "fix.key": ('"MODEL_KEY"', "MODEL_KEY", "MODEL_KEY"),
    "fix.timeout": ("5", "5", 5.0),
}
BAD_VALUES = [
    ("timeout", '"10"'),
    ("timeout", "true"),
    ("timeout", "-1"),
    ("timeout", "inf"),
    ("timeout", "nan"),
    ("timeout", "[1]"),
    ("timeout", "2026-01-01"),
    ("keep-mb", "{}"),
    ("widgets", "1"),
    ("widgets", '"yes"'),
    ("index-url", "5"),
    ("policy.programs", '"git"'),
    ("policy.programs", "[1]"),
    ("policy.programs", '{git = "yes"}'),
]
BAD_VARIABLES = [
    ("AUTOEXEC_FIX_ROUNDS", "-1"),
    ("AUTOEXEC_TIMEOUT", "soon"),
    ("AUTOEXEC_TIMEOUT", ""),
    ("AUTOEXEC_TIMEOUT", "-1"),
    ("AUTOEXEC_TIMEOUT", "nan"),
    ("AUTOEXEC_TIMEOUT", "inf"),
    ("AUTOEXEC_WIDGETS", "maybe"),
    ("AUTOEXEC_WIDGETS", ""),
]


class Place:
    """A home, a person's settings and a workspace, all in one temporary folder."""

    def __init__(self, path: Path) -> None:
        self.home = path / "home"
        self.workspace = self.home / "work" / "project"
        self.person = path / "config" / "autoexec.toml"
        self.workspace.mkdir(parents=True)
        self.person.parent.mkdir()
        (self.workspace / ".git").mkdir()

    @property
    def pyproject(self) -> Path:
        return self.workspace / "pyproject.toml"

    @property
    def own_file(self) -> Path:
        return self.workspace / "autoexec.toml"

    def write(self, source: str, text: str) -> Path | None:
        """Write settings where `source` has them; return the file."""
        if source == "person":
            self.person.write_text(text, encoding="utf-8")
            return self.person
        if source == "pyproject.toml":
            self.pyproject.write_text(f"[tool.autoexec]\n{text}", encoding="utf-8")
            return self.pyproject
        self.own_file.write_text(text, encoding="utf-8")
        return self.own_file

    def load(self, **variables: str) -> config.Loaded:
        return config.load(self.workspace, variables)


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    """Return an empty place that the settings are read from."""
    place = Place(tmp_path)
    monkeypatch.setenv("HOME", str(place.home))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(place.person.parent))
    return place


def setting(loaded: config.Loaded, key: str) -> config.Setting:
    """Return the one setting called `key`."""
    (found,) = (entry for entry in loaded.settings if entry.key == key)
    return found


def test_without_any_source_the_built_in_values_hold(place):
    """Nothing is needed to begin with."""
    loaded = place.load()
    assert loaded.config == config.Config()
    assert {entry.source for entry in loaded.settings} == {"built-in"}
    assert [entry.key for entry in loaded.settings] == list(config.KEYS)
    assert loaded.workspace == place.workspace


def test_every_setting_has_a_meaning():
    """The list of settings can say what each is for."""
    assert config.MEANING.keys() == config.KEYS.keys()
    assert config.KEYS.keys() >= config.PERSON_ONLY
    assert PERSONAL.keys() == config.PERSON_ONLY


@pytest.mark.parametrize("last", range(len(SOURCES)), ids=SOURCES)
def test_each_later_source_wins(place, last):
    """With all sources up to one, that one decides and is named."""
    where = {"environment": "environment", "built-in": "built-in"}
    for number, source in enumerate(SOURCES[1:4][:last], start=1):
        where[source] = str(place.write(source, f"timeout = {number}"))
    variables = {"AUTOEXEC_TIMEOUT": "4"} if last == 4 else {}
    loaded = place.load(**variables)
    assert loaded.config.timeout == last
    assert setting(loaded, "timeout").source == where[SOURCES[last]]


@pytest.mark.parametrize("source", SOURCES[1:])
def test_each_source_counts_alone(place, source):
    """A source needs no other one, and leaves the other settings as they are."""
    variables = {"AUTOEXEC_KEEP_MB": "3"} if source == "environment" else {}
    if not variables:
        place.write(source, "keep-mb = 3")
    assert place.load(**variables).config == dataclasses.replace(config.Config(), keep_mb=3.0)


def test_a_variable_of_the_process_is_read(place, monkeypatch):
    """By default the variables are those of this process, and the workspace that of its folder."""
    monkeypatch.setenv("AUTOEXEC_WIDGETS", "no")
    monkeypatch.chdir(place.workspace)
    loaded = config.load()
    assert loaded.config.widgets is False
    assert loaded.workspace == place.workspace


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), ("YES", True), ("0", False), ("False", False), ("no", False)],
)
def test_a_variable_says_yes_or_no(place, text, value):
    """Yes and no have the spellings that people use in variables, in any case."""
    loaded = place.load(AUTOEXEC_INSTALL=text)
    assert loaded.config.install is value


@pytest.mark.parametrize(
    ("text", "value"),
    [("", ()), ("git", ("git",)), ("git,terraform", ("git", "terraform")), (",git,,", ("git",))],
)
def test_a_variable_has_a_list_with_commas(place, text, value):
    """A variable is a text, so a list in it has commas; empty places are none."""
    assert place.load(AUTOEXEC_POLICY_PROGRAMS=text).config.policy_programs == value


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        pytest.param("timeout", "10", 10.0, id="whole-number"),
        pytest.param("timeout", "0.5", 0.5, id="fraction"),
        pytest.param("widgets", "false", False, id="no"),
        pytest.param("install", "true", True, id="yes"),
    ],
)
@pytest.mark.parametrize("source", SOURCES[1:4])
def test_a_value_has_its_type(place, source, key, text, value):
    """A whole number of seconds is a number of seconds, wherever it stands."""
    place.write(source, f"{key} = {text}")
    found = getattr(place.load().config, key)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("key", "text"), BAD_VALUES, ids=lambda part: str(part))
def test_a_value_of_the_wrong_type_is_an_error(place, key, text):
    """It names the key, the value, the file, and what the key is for."""
    path = place.write("person", f"{key} = {text}")
    with pytest.raises(UsageError) as caught:
        place.load()
    assert caught.value.what.startswith(f"{key} = ")
    assert str(path) in caught.value.what
    assert config.MEANING[key] in caught.value.fix


@pytest.mark.parametrize(("name", "text"), BAD_VARIABLES)
def test_a_variable_of_the_wrong_type_is_an_error(place, name, text):
    """A misspelt number in a variable is not taken for the built-in one."""
    with pytest.raises(UsageError, match="in environment cannot be"):
        place.load(**{name: text})


def test_a_number_past_all_bounds_is_an_error(place):
    """TOML's whole numbers know no bounds; a limit of 10**400 seconds is a mistake like any other."""
    place.write("person", f"timeout = 1{'0' * 400}")
    with pytest.raises(UsageError, match="timeout"):
        place.load()


@pytest.mark.parametrize("source", SOURCES[1:4])
@pytest.mark.parametrize(
    ("key", "hint"),
    [
        pytest.param("timout", "did you mean timeout?", id="a-letter-missing"),
        pytest.param("keep_mb", "did you mean keep-mb?", id="underscore"),
        pytest.param("TIMEOUT", "one of timeout, keep-mb,", id="nothing-near"),
        pytest.param("publish", "one of timeout, keep-mb,", id="another-tool's"),
    ],
)
def test_an_unknown_key_names_the_nearest(place, source, key, hint):
    """A misspelt setting is not silently without effect."""
    path = place.write(source, f"{key} = 1")
    with pytest.raises(UsageError) as caught:
        place.load()
    assert repr(key) in caught.value.what
    assert str(path) in caught.value.what
    assert caught.value.fix.startswith(hint)


@pytest.mark.parametrize("source", ["pyproject.toml", "autoexec.toml"])
@pytest.mark.parametrize(("key", "spelling"), PERSONAL.items(), ids=PERSONAL)
def test_a_workspace_does_not_set_what_is_a_persons(place, source, key, spelling):
    """A cloned project loosens nothing; what it asked for is left out, and said."""
    path = place.write(source, f"{key} = {spelling[0]}\ntimeout = 7")
    loaded = place.load()
    assert loaded.config == dataclasses.replace(config.Config(), timeout=7.0)
    found = setting(loaded, key)
    assert found.source == "built-in"
    (said,) = found.left_out
    assert str(path) in said
    assert str(place.person) in said
    assert f"AUTOEXEC_{key.upper().replace('-', '_').replace('.', '_')}" in said


def test_both_files_of_a_workspace_are_told(place):
    """Each file that was not listened to is named, and nothing else."""
    for source in ("pyproject.toml", "autoexec.toml"):
        place.write(source, 'pass-on = ["AWS_*"]')
    loaded = place.load()
    left_out = setting(loaded, "pass-on").left_out
    assert [str(place.pyproject) in left_out[0], str(place.own_file) in left_out[1]] == [True, True]
    assert all(entry.left_out == () for entry in loaded.settings if entry.key != "pass-on")


@pytest.mark.parametrize("source", ["person", "environment"])
@pytest.mark.parametrize(("key", "spelling"), PERSONAL.items(), ids=PERSONAL)
def test_a_person_sets_what_is_a_persons(place, source, key, spelling):
    """The person's own file and variables say it, whatever the workspace says."""
    in_toml, in_variable, value = spelling
    place.write("autoexec.toml", f"{key} = {in_toml}")
    variables = {}
    if source == "person":
        place.write("person", f"{key} = {in_toml}")
    else:
        variables[f"AUTOEXEC_{key.upper().replace('-', '_').replace('.', '_')}"] = in_variable
    loaded = place.load(**variables)
    assert getattr(loaded.config, key.replace("-", "_").replace(".", "_")) == (
        in_variable if value is None else value
    )
    assert len(setting(loaded, key).left_out) == 1


def test_a_file_of_another_tool_is_no_concern(place):
    """A pyproject.toml without our table, whatever else it holds, changes nothing."""
    place.pyproject.write_text("tool = 5\n[project]\ntimeout = 3\n", encoding="utf-8")
    assert place.load().config == config.Config()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"timeout = ", id="torn"),
        pytest.param(b"timeout = 1\ntimeout = 2", id="twice"),
        pytest.param(b"\xff\xfe", id="no-text"),
    ],
)
@pytest.mark.parametrize("source", SOURCES[1:4])
def test_a_file_that_is_not_toml_is_an_error(place, source, content):
    """It names the file and what is wrong in it."""
    path = place.write(source, "")
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        place.load()
    assert caught.value.what == f"cannot read {path}"
    assert caught.value.why


def test_a_file_with_brackets_without_end_is_an_error(place):
    """A file that exhausts the parser is a broken file: whoever opens a cloned project is told which."""
    path = place.write("autoexec.toml", f"timeout = {'[' * 5_000}")
    with pytest.raises(UsageError, match="cannot read"):
        place.load()
    assert path.exists()


def test_a_folder_in_place_of_a_file_is_an_error(place):
    """What is there and cannot be read is told, not passed over."""
    place.own_file.mkdir()
    with pytest.raises(UsageError, match=r"cannot read .*autoexec\.toml"):
        place.load()


def test_our_table_must_be_a_table(place):
    """`autoexec = 5` in pyproject.toml is a mistake that is named."""
    place.pyproject.write_text("[tool]\nautoexec = 5\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"\[tool\.autoexec\] in .* is not a table"):
        place.load()


@pytest.mark.parametrize("mark", config.WORKSPACE_MARKS)
def test_the_nearest_marked_folder_is_the_workspace(place, mark):
    """Each mark makes a workspace of a folder, and the nearest one above counts."""
    inner = place.workspace / "inner"
    below = inner / "src" / "deep"
    below.mkdir(parents=True)
    assert config.workspace(below) == place.workspace
    (inner / mark).mkdir()
    assert config.workspace(below) == inner
    assert config.workspace(inner) == inner


def test_a_file_marks_as_a_folder_does(place):
    """A worktree's `.git` is a file."""
    inner = place.workspace / "worktree"
    inner.mkdir()
    (inner / ".git").write_text("gitdir: elsewhere", encoding="utf-8")
    assert config.workspace(inner) == inner


def test_where_nothing_is_marked_the_folder_itself_is_the_workspace(place):
    """A notebook in an ordinary folder stays in it."""
    start = place.home / "notes"
    start.mkdir()
    assert config.workspace(start) == start


@pytest.mark.parametrize("mark", config.WORKSPACE_MARKS)
def test_the_home_is_no_workspace(place, mark):
    """Dotfiles kept in git do not make one workspace of all that a person has."""
    (place.home / mark).mkdir()
    start = place.home / "notes"
    start.mkdir()
    assert config.workspace(start) == start


def test_a_home_behind_a_link_is_no_workspace(place, monkeypatch):
    """A process knows its folder by its real path, whatever link leads to the home."""
    link = place.home.with_name("link")
    link.symlink_to(place.home)
    monkeypatch.setenv("HOME", str(link))
    (place.home / ".git").mkdir()
    start = place.home / "notes"
    start.mkdir()
    assert config.workspace(start) == start


def test_what_is_above_the_home_is_no_workspace(place):
    """The search ends at the home, whatever is marked above it."""
    (place.home.parent / "pyproject.toml").touch()
    start = place.home / "notes"
    start.mkdir()
    assert config.workspace(start) == start


def test_the_root_is_no_workspace():
    """A folder that is not there, at the top: the search ends before the root."""
    start = Path("/no-such-folder-at-all")
    assert config.workspace(start) == start


def test_a_relative_start_is_made_absolute(place, monkeypatch):
    """The workspace is an absolute path, also where a relative one was given."""
    monkeypatch.chdir(place.workspace)
    assert config.workspace(Path("src")) == place.workspace


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("{home}/data", "{home}/data", id="absolute"),
        pytest.param("~/data", "{home}/data", id="tilde"),
        pytest.param("data", "{workspace}/data", id="relative"),
    ],
)
def test_a_variable_moves_the_data(place, monkeypatch, given, expected):
    """`AUTOEXEC_DATA_DIR` says where runs and caches are; the answer is absolute."""
    paths = {"home": place.home, "workspace": place.workspace}
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", given.format(**paths))
    monkeypatch.chdir(place.workspace)
    assert config.data_dir() == Path(expected.format(**paths))
    assert config.load().data == config.data_dir()


@pytest.mark.parametrize("given", ["", None])
def test_without_the_variable_the_data_is_jupyters(place, monkeypatch, tmp_path, given):
    """An empty variable is none."""
    monkeypatch.delenv("AUTOEXEC_DATA_DIR")
    if given is not None:
        monkeypatch.setenv("AUTOEXEC_DATA_DIR", given)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    assert config.data_dir() == tmp_path / "jupyter" / "autoexec"


def test_the_persons_file_is_in_jupyters_folder(place):
    """One file per person, where Jupyter keeps its settings."""
    assert config.config_file() == place.person


def test_a_password_is_not_shown(place, monkeypatch):
    """What is printed, in a cell or in a trace, has no credentials in it."""
    monkeypatch.setenv("AUTOEXEC_INDEX_URL", "https://me:hunter2@host/simple")
    loaded = config.load(place.home)
    assert loaded.config.index_url == "https://me:hunter2@host/simple"
    assert "hunter2" not in repr(loaded) + repr(loaded.config) + repr(loaded.settings)
    setting = next(setting for setting in loaded.settings if setting.key == "index-url")
    assert setting.shown == '"https://me:***@host/simple"'


def test_a_working_directory_that_is_gone_is_said(tmp_path, monkeypatch):
    """Somebody removed it while the kernel was in it."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="the working directory is gone") as caught:
        config.load()
    assert caught.value.fix.startswith("%cd")


def test_a_misspelt_variable_is_an_error(place):
    """With the nearest one; what is no setting is left alone."""
    with pytest.raises(UsageError, match="AUTOEXEC_TIMOUT") as caught:
        config.load(place.home, {"AUTOEXEC_TIMOUT": "5"})
    assert caught.value.fix == "did you mean AUTOEXEC_TIMEOUT?"
    others = {"AUTOEXEC_DATA_DIR": "x", "AUTOEXEC_RUN_ID": "x", "AUTOEXEC_TEST_KUBECONFIG": "x"}
    assert config.load(place.home, others).config == config.Config()


OFFER = 'policy.programs = ["terraform"]\npolicy.roots = ["../data"]\npolicy.allow = ["docker ps *"]'


def test_what_a_workspace_loosens_does_not_count_unasked(place):
    """It is offered, and said to be left out."""
    path = place.write("pyproject.toml", OFFER)
    loaded = place.load()
    assert loaded.config == config.Config()
    (offer,) = loaded.open_offers
    assert (offer.source, offer.is_accepted) == (str(path), False)
    assert offer.lines == (
        'policy.allow = ["docker ps *"]',
        'policy.programs = ["terraform"]',
        'policy.roots = ["../data"]',
    )
    for key in config.LOOSENING:
        (said,) = setting(loaded, key).left_out
        assert "policy accept" in said


def test_what_a_person_accepted_counts_until_it_changes(place):
    """By content: another file with the same words is the same, another word is not."""
    place.write("pyproject.toml", OFFER)
    config.accept(place.load())
    loaded = place.load()
    assert loaded.open_offers == ()
    assert loaded.config.policy_programs == ("terraform",)
    assert loaded.config.policy_allow == ("docker ps *",)
    place.write("pyproject.toml", OFFER.replace("docker ps", "docker"))
    changed = place.load()
    assert changed.config == config.Config()
    assert len(changed.open_offers) == 1
    place.write("pyproject.toml", OFFER)
    assert place.load().config.policy_programs == ("terraform",)


def test_what_was_accepted_in_one_project_is_not_in_another(place):
    """A clone of the same files somewhere else is somebody else's word."""
    place.write("autoexec.toml", OFFER)
    config.accept(place.load())
    other = place.workspace.with_name("clone")
    other.mkdir()
    (other / "autoexec.toml").write_text(OFFER)
    assert config.load(other, {}).config == config.Config()


def test_a_workspace_may_be_stricter_at_once(place):
    """Nobody has to accept a question or a refusal."""
    place.write("pyproject.toml", 'policy.ask = ["ls *"]\npolicy.refuse = ["rm *"]')
    loaded = place.load()
    assert loaded.config.policy_ask == ("ls *",)
    assert loaded.config.policy_refuse == ("rm *",)
    assert loaded.offers == ()


def test_block_lists_add_to_one_another(place):
    """A project may block more, and nothing that a person blocked less."""
    place.write("person", 'blocked = ["evil"]')
    place.write("pyproject.toml", "blocked = []")
    assert place.load().config.blocked == ("evil",)
    place.write("pyproject.toml", 'blocked = ["worse"]')
    assert place.load().config.blocked == ("evil", "worse")


def test_policies_add_to_one_another(place):
    """What a person refuses stays refused, whatever a project says besides."""
    place.write("person", 'policy.refuse = ["rm *"]')
    place.write("pyproject.toml", 'policy.refuse = ["mv *"]')
    loaded = place.load(AUTOEXEC_POLICY_REFUSE="dd *")
    assert loaded.config.policy_refuse == ("rm *", "mv *", "dd *")
    assert setting(loaded, "policy.refuse").source.count(",") == 2


def test_what_would_be_in_force_can_be_seen_before_it_is_accepted(place):
    """For the question whether it would make a difference."""
    place.write("person", 'policy.programs = ["packer"]')
    place.write("pyproject.toml", OFFER)
    loaded = place.load()
    assert loaded.config.policy_programs == ("packer",)
    assert loaded.accepted().policy_programs == ("packer", "terraform")


def test_an_empty_offer_is_none(place):
    """Nobody is asked about nothing."""
    place.write("pyproject.toml", "policy.allow = []")
    assert place.load().open_offers == ()


def test_the_policy_must_be_a_table(place):
    """And its keys are known, with the nearest one."""
    place.write("pyproject.toml", "policy = 5")
    with pytest.raises(UsageError, match="not a table"):
        place.load()
    place.write("pyproject.toml", 'policy.program = ["x"]')
    with pytest.raises(UsageError, match="unknown setting") as caught:
        place.load()
    assert "policy.programs" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "at"),
    [("HOME", 0), ("JUPYTER_DATA_DIR", 0), ("JUPYTER_CONFIG_DIR", 1), ("JUPYTER_RUNTIME_DIR", 2)],
)
def test_where_our_folders_are_is_asked_anew(tmp_path, monkeypatch, name, at):
    """A variable that changed between two runs says where they are now."""
    for each in ("AUTOEXEC_DATA_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.delenv(each, raising=False)
    for folder in ("one", "other", "one"):
        monkeypatch.setenv(name, str(tmp_path / folder))
        assert str(config.own_folders()[at]).startswith(str(tmp_path / folder))


def test_a_relative_data_folder_is_the_current_folders(tmp_path, monkeypatch):
    """Also after the current folder was changed."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", "data")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        assert config.data_dir() == tmp_path / name / "data"


def test_a_settings_file_that_was_saved_anew_counts(tmp_path, monkeypatch):
    """What is remembered is what a text means, not what a file holds."""
    for seconds in (5, 7):
        (tmp_path / "autoexec.toml").write_text(f"timeout = {seconds}\n")
        assert config.load(tmp_path).config.timeout == seconds


def test_a_folder_that_a_link_leads_to_is_asked_about_again_when_it_leads_elsewhere(place):
    """What was agreed to is where it was."""
    first, second = place.home / "first", place.home / "second"
    first.mkdir()
    second.mkdir()
    (place.workspace.parent / "data").symlink_to(first)
    place.write("pyproject.toml", 'policy.roots = ["../data"]')
    config.accept(place.load())
    assert place.load().config.policy_roots == ("../data",)
    (place.workspace.parent / "data").unlink()
    (place.workspace.parent / "data").symlink_to(second)
    assert place.load().config.policy_roots == ()


@pytest.mark.parametrize("root", ["data", "data/below", "./data"])
def test_a_link_inside_the_workspace_is_no_folder_to_write(place, root):
    """Whatever runs there could let it lead anywhere; it is said."""
    (place.workspace / "plain").mkdir()
    (place.workspace / "data").symlink_to(place.workspace / "..")
    place.write("pyproject.toml", f'policy.roots = ["plain", "{root}"]')
    config.accept(place.load())
    loaded = place.load()
    assert loaded.config.policy_roots == ("plain",)
    (said,) = [one.left_out for one in loaded.settings if one.key == "policy.roots"]
    assert "link in the workspace" in said[0]


def test_what_would_be_in_force_is_what_both_files_offer_and_no_link(place):
    """Accepting it gives just that: the second file does not replace the first, a link counts for nothing."""
    (place.workspace / "link").symlink_to("/opt")
    place.write("pyproject.toml", 'policy.programs = ["a"]\npolicy.roots = ["link", "../data"]')
    place.write("autoexec.toml", 'policy.programs = ["b"]')
    offered = place.load().accepted()
    assert offered.policy_programs == ("a", "b")
    assert offered.policy_roots == ("../data",)
    config.accept(place.load())
    assert place.load().config == offered


@pytest.mark.parametrize("key", ["sk-live-0123456789", "lower_case", "A B", "é", "A" * 65])
def test_a_key_in_the_place_of_its_name_is_not_repeated(place, key):
    """`fix.key` names a variable; whoever writes the key itself there reads it nowhere else."""
    place.write(SOURCES[1], f'[fix]\nkey = "{key}"')
    with pytest.raises(UsageError) as caught:
        place.load()
    assert key not in str(caught.value)
    assert "the NAME of the environment variable" in str(caught.value)


@pytest.mark.parametrize("key", ["", "OPENAI_API_KEY", "_K9"])
def test_the_name_of_a_variable_can_be_a_key(place, key):
    """What shells take for a variable, in capitals."""
    assert place.load(AUTOEXEC_FIX_KEY=key).config.fix_key == key
