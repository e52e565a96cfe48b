"""What is described is understood, or refused with the next thing to type; no secret is told or written."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autoexec_magic.deployer.services import KNOWN, NAME, read, service_of
from autoexec_magic.deployer.shift import Query
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Gate, Secret

VALUE = "hunter2hunter2"
MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
NAMES = [*KNOWN, "local", "docker", "pause", "prot", "secret"]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
numbers = st.integers() | st.floats() | st.integers(-2, 100)
values = st.recursive(
    st.booleans() | numbers | texts | st.sampled_from(["/health", "512M", "local", "app", "env:A"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
tables = st.dictionaries(st.sampled_from(NAMES) | texts, values, max_size=4)


def toml(value):
    """Return a value as TOML spells it, in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(key))} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f") if value.isascii() else quoted(value)
    return str(value).lower()


def quoted(text):
    """Return a text with each character by its number."""
    return '"' + "".join(f"\\U{ord(sign):08X}" for sign in text) + '"'


def describe(folder, table, file="autoexec.toml", name="web"):
    """Write that a project has one service."""
    head = "deploy" if file == "autoexec.toml" else "tool.autoexec.deploy"
    lines = [f"{toml(key)} = {toml(value)}" for key, value in table.items()]
    (folder / file).write_text("\n".join([f"[{head}.{toml(name)}]", *lines, ""]), encoding="utf-8")


def seen_of(error):
    """Return all that a person or a log could see of an error."""
    found = [str(error), *traceback.format_exception(error)]
    while error is not None:
        found += [repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(found)


def refused(folder, what="web", **given):
    """Return the error of a service that cannot be."""
    with pytest.raises(UsageError) as caught:
        service_of(what, folder, folder, given)
    return caught.value


@MANY
@given(tables, st.sampled_from(["web", "a", "app-1"]) | texts)
@example({"port": 10**400}, "web")
@example({"canary": [10**400]}, "web")
@example({"canary": [float("nan")]}, "web")
@example({"start": float("nan")}, "web")
@example({"secrets": {"A": "file:~nobody-of-that-name"}}, "web")
@example({}, "\0")
@example({}, "")
@example({"env": {"A": "\0"}}, "web")
@example({"port": True}, "web")
@example({"local": {"drain": {"a": [1]}}}, "web")
def test_whatever_is_described_is_a_service_or_a_usage_error(tmp_path, table, name):
    """Any table of TOML: no other error gets out, and what gets out can be run."""
    describe(tmp_path, table, name=name)
    try:
        found = service_of(name, tmp_path, tmp_path)
    except UsageError:
        return
    assert NAME.fullmatch(found.name)
    assert 0 <= found.port <= 65_535
    assert found.replicas >= 0
    assert all(isinstance(each, str) and "\0" not in each for each in (*found.command, *found.gate.command))
    assert all("\0" not in value for _, value in found.environment)
    assert found.gate.interval_seconds > 0
    assert all(0 < each < 100 for each in found.shift.steps)


@MANY
@given(st.text(max_size=50) | st.binary(max_size=50))
@example("[deploy.web]\nport = " + "9" * 5000)
@example("[deploy.web]\nport = 0x" + "9" * 5000)
@example("[deploy]\nweb = 5")
@example("deploy = 5")
@example("tool = 5")
@example("[deploy.web]\nsecrets = " + "[" * 5000)
@example("[deploy.web]\nport = 1979-05-27T25:00:00")
@example(b"\xff")
def test_whatever_stands_in_a_file_is_read_or_a_usage_error(tmp_path, text):
    """Any bytes: it is TOML that says something, or one clear error that names the file."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    (tmp_path / "autoexec.toml").write_bytes(data)
    try:
        read(tmp_path)
    except UsageError as error:
        seen = str(error)
        if "autoexec.toml" not in seen:
            assert "is no name of a service" in seen


@MANY
@given(st.sampled_from(["web", "WEB", "w" * 60]), st.sampled_from(["A", "9", "", "A B"]), tables, values)
def test_no_value_of_secrets_is_ever_in_an_error(tmp_path, name, variable, table, wrong):
    """Whatever else is wrong in the file: a person may have written the value where its place belongs."""
    for secrets in (
        VALUE,
        [VALUE],
        {variable: VALUE},
        {variable: [VALUE]},
        {variable: {"A": VALUE}, "B": wrong},
    ):
        describe(tmp_path, {**table, "secrets": secrets}, name=name)
        try:
            service_of(name, tmp_path, tmp_path)
        except UsageError as error:
            seen = seen_of(error)
            if VALUE in seen:
                pytest.fail(f"it is told: {seen}")


@pytest.mark.parametrize(
    "secrets", [VALUE, [VALUE], {"A": [VALUE]}, {"A": {"B": VALUE}}, {"A": 5, "B": VALUE}, 5, True]
)
def test_secrets_are_a_table_of_texts(tmp_path, secrets):
    """Each has a place and nothing else; what stands there instead is not told."""
    describe(tmp_path, {"secrets": secrets})
    error = refused(tmp_path)
    assert "env:NAME" in error.fix
    assert VALUE not in seen_of(error)


@pytest.mark.parametrize("file", ["pyproject.toml", "autoexec.toml"])
def test_a_service_is_described_in_either_file(tmp_path, file):
    """`[tool.autoexec.deploy.web]` and `[deploy.web]` are the same."""
    describe(
        tmp_path,
        {
            "target": "local",
            "path": "app.ipynb",
            "command": ["serve", "a b"],
            "port": 8080,
            "env": {"B": "2", "A": 1, "C": ""},
            "secrets": {"DB": "env:DB_PASSWORD"},
            "replicas": 2,
            "memory": "512M",
            "cpus": 1,
            "health": "/health",
            "start": 5,
            "bake": 1.5,
            "successes": 2,
            "failures": 4,
            "canary": [10, 50],
            "step": 3,
            "pause": True,
            "local": {"drain": 3},
            "docker": {"network": "other"},
        },
        file,
    )
    found = service_of("web", tmp_path, tmp_path)
    assert (found.name, found.target, found.is_described) == ("web", "local", True)
    assert (found.folder, found.path) == (tmp_path, tmp_path / "app.ipynb")
    assert (found.command, found.port, found.replicas) == (("serve", "a b"), 8080, 2)
    assert found.environment == (("A", "1"), ("B", "2"), ("C", ""))
    assert found.secrets == (Secret(name="DB", reference="env:DB_PASSWORD"),)
    assert (found.memory_bytes, found.cpus) == (512 * 2**20, 1.0)
    assert found.gate == Gate(path="/health", start_seconds=5, bake_seconds=1.5, successes=2, failures=4)
    assert (found.shift.steps, found.shift.step_seconds, found.shift.pauses) == ((10.0, 50.0), 3, True)
    assert found.options == (("drain", "3"),)


def test_the_later_file_and_then_the_line_wins(tmp_path):
    """autoexec.toml over pyproject.toml, setting by setting; what the line says over both."""
    describe(tmp_path, {"port": 1, "replicas": 1, "health": "/a"}, "pyproject.toml")
    describe(tmp_path, {"port": 2, "replicas": 2}, "autoexec.toml")
    found = service_of("web", tmp_path, tmp_path, {"port": 3})
    assert (found.port, found.replicas, found.gate.path) == (3, 2, "/a")


def test_no_file_has_no_service(tmp_path):
    """Nor has a project whose folder is none."""
    assert read(tmp_path) == {}
    assert read(tmp_path / "missing") == {}
    (tmp_path / "file").write_text("")
    assert read(tmp_path / "file") == {}


@pytest.mark.parametrize(
    ("key", "near"), [("prot", "port"), ("secret", "secrets"), ("heatlh", "health"), ("replica", "replicas")]
)
def test_an_unknown_setting_has_the_nearest_one_in_its_error(tmp_path, key, near):
    """What is not understood is not passed over: it was meant."""
    describe(tmp_path, {key: 5})
    error = refused(tmp_path)
    assert f"deploy.web.{key} in autoexec.toml" in error.what
    assert error.fix == f"did you mean {near}?"


def test_one_that_is_near_to_none_has_all_in_its_error(tmp_path):
    """Then a person has to look."""
    describe(tmp_path, {"zzz": 5})
    assert all(each in refused(tmp_path).fix for each in KNOWN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_TOKEN", "abc"),
        ("DB_PASSWORD", "x"),
        ("URL", "postgres://me:" + VALUE + "@db/x"),
        ("OPTIONS", f"--password {VALUE}"),
        ("HEADER", f"Authorization: Bearer {VALUE}{VALUE}"),
        ("OTHER", "ghp_" + "a1B2" * 9),
    ],
)
def test_a_variable_that_looks_like_a_secret_is_refused(tmp_path, name, value):
    """By its name or its value; the error has its name and the setting that is meant, and not the value."""
    describe(tmp_path, {"env": {name: value}})
    error = refused(tmp_path)
    assert f"{name} = 'env:{name}'" in error.fix
    assert len(value) < 4 or value not in seen_of(error)


@pytest.mark.parametrize(
    "table",
    [
        {"command": ["serve", "--password", VALUE]},
        {"command": ["serve", f"--password={VALUE}"]},
        {"command": ["curl", f"https://me:{VALUE}@host/"]},
        {"health-command": ["ask", "--token", VALUE]},
        {"local": {"url": f"https://me:{VALUE}@host/"}},
    ],
)
def test_a_secret_among_the_words_of_a_command_is_refused(tmp_path, table):
    """Also one that stands alone after its option: no word of its own tells of it."""
    describe(tmp_path, table)
    error = refused(tmp_path)
    assert "looks like a secret" in error.what
    assert VALUE not in seen_of(error)


@pytest.mark.parametrize("table", [{"A": [VALUE]}, {"A": {"B": VALUE}}, [VALUE], VALUE, {"A": f"{VALUE}\0"}])
def test_variables_that_cannot_be_are_not_told(tmp_path, table):
    """A table of them may hold anything."""
    describe(tmp_path, {"env": table})
    assert VALUE not in seen_of(refused(tmp_path))


def test_a_variable_may_be_empty_whatever_its_name(tmp_path):
    """Nothing is no secret."""
    describe(tmp_path, {"env": {"API_TOKEN": ""}})
    assert service_of("web", tmp_path, tmp_path).environment == (("API_TOKEN", ""),)


@pytest.mark.parametrize("key", ["env", "secrets"])
@pytest.mark.parametrize("name", ["", "9A", "A-B", "A B", "A=B", "A\n", "\xc4", "A" * 300])
def test_what_is_no_name_of_a_variable_is_refused(tmp_path, key, name):
    """No platform would take it, or another one would than is meant."""
    describe(tmp_path, {key: {name: "env:A"}})
    assert "no name of a variable" in refused(tmp_path).what


def test_one_name_is_not_a_variable_and_a_secret(tmp_path):
    """Nobody knows which is meant."""
    describe(tmp_path, {"env": {"A": "1"}, "secrets": {"A": "env:B"}})
    assert "A is both" in refused(tmp_path).what


@pytest.mark.parametrize(
    "name", ["", "Web", "1web", "web-", "we_b", "w\n", "web\0", "\xe4", "w" * 41, "a.b", "-"]
)
def test_what_is_no_name_of_a_service_is_refused(tmp_path, name):
    """With one that is."""
    describe(tmp_path, {}, name=name)
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert NAME.fullmatch(caught.value.fix.removeprefix("call it "))


@pytest.mark.parametrize("name", ["w", "web-2", "a" * 40])
def test_what_each_platform_takes_is_a_name(tmp_path, name):
    """At most 40 of a-z, 0-9 and -."""
    describe(tmp_path, {}, name=name)
    assert [*read(tmp_path)] == [name]


@MANY
@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=50))
@example("9" * 35 + "-" + "9" * 10)
@example("9" * 39)
@example("...ipynb")
@example("~nobody-of-that-name")
@example("\xe4\xf6\xfc")
def test_any_folder_or_notebook_gives_a_name(tmp_path, stem):
    """A file may be called as it likes; the service after it is called as every platform takes it."""
    path = tmp_path / f"{stem[:40].strip('.') or 'x'}.ipynb"
    if len(path.name.encode()) > 250:
        return
    path.write_text("{}")
    found = service_of(path.name, tmp_path, tmp_path)
    path.unlink()
    assert NAME.fullmatch(found.name)
    assert found.path == path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", 70_000),
        ("port", -1),
        ("port", True),
        ("port", "80"),
        ("port", 80.0),
        ("replicas", -1),
        ("target", "moon"),
        ("artifact", "rock"),
        ("health", "health"),
        ("health", "/a b"),
        ("health", "/a\r\nX: y"),
        ("memory", "much"),
        ("memory", 5),
        ("command", "serve"),
        ("command", [1]),
        ("command", ["a\0b"]),
        ("interval", 0),
        ("successes", 0),
        ("failures", 0),
        ("start", float("nan")),
        ("bake", float("inf")),
        ("canary", [50, 10]),
        ("canary", ["10"]),
        ("canary", [True]),
        ("prometheus", "prom:9090"),
        ("prometheus", "ftp://prom"),
        ("prometheus", "http://prom:x"),
        ("query", ""),
        ("query", "x" * 2001),
        ("query-most", float("nan")),
        ("query-most", float("inf")),
        ("query-least", 10**400),
        ("query-token", "t0ken-of-nobody"),
        ("local", 5),
        ("pause", 1),
    ],
)
def test_what_a_setting_cannot_be_is_refused(tmp_path, key, value):
    """Before anything is built."""
    describe(tmp_path, {key: value})
    assert refused(tmp_path).fix


QUERY = {"prometheus": "http://prom:9090/", "query": "errors", "query-most": 0.05, "canary": [10]}


def test_what_the_line_says_is_added_to_what_is_described(tmp_path):
    """Of variables and secrets, each by its name; nobody loses a token by setting a colour."""
    describe(tmp_path, {"env": {"COLOR": "red", "SIZE": "1"}, "secrets": {"TOKEN": "env:T", "KEY": "env:K"}})
    given = {"env": {"COLOR": "blue", "KEY": ""}, "secrets": {"SIZE": "env:S", "TOKEN": "file:t"}}
    found = service_of("web", tmp_path, tmp_path, given)
    assert dict(found.environment) == {"COLOR": "blue", "KEY": ""}
    assert {each.name: each.reference for each in found.secrets} == {"SIZE": "env:S", "TOKEN": "file:t"}
    assert dict(service_of("web", tmp_path, tmp_path).environment) == {"COLOR": "red", "SIZE": "1"}


def test_a_pause_without_a_canary_is_refused(tmp_path):
    """It would wait for nothing, and give all the traffic at once."""
    describe(tmp_path, {"pause": True})
    assert "canary" in refused(tmp_path).fix


def test_a_canary_is_judged_by_what_is_described(tmp_path):
    """With where its token is kept."""
    describe(tmp_path, QUERY | {"query-least": -1, "query-token": "env:PROM"})
    assert service_of("web", tmp_path, tmp_path).shift.query == Query(
        url="http://prom:9090", expression="errors", most=0.05, least=-1.0, token="env:PROM"
    )
    describe(tmp_path, {"canary": [10]})
    assert service_of("web", tmp_path, tmp_path).shift.query is None


@pytest.mark.parametrize("missing", ["prometheus", "query", "query-most", "canary"])
def test_a_query_that_would_say_nothing_is_refused(tmp_path, missing):
    """With what is missing: an option without effect is worse than an error."""
    describe(tmp_path, {key: value for key, value in QUERY.items() if key != missing})
    error = refused(tmp_path)
    assert missing in error.what
    assert missing in error.fix


@pytest.mark.parametrize("url", [f"http://me:{VALUE}@prom", f"http://prom/?token={VALUE}"])
def test_a_query_with_a_secret_in_it_is_refused(tmp_path, url):
    """It would be written down."""
    describe(tmp_path, QUERY | {"prometheus": url})
    assert VALUE not in seen_of(refused(tmp_path))


def test_a_refused_command_is_told_without_its_password(tmp_path):
    """What stands where a password stands is masked, as everywhere."""
    describe(tmp_path, {"command": [f"--password={VALUE}", 5]})
    assert VALUE not in seen_of(refused(tmp_path))


def test_no_word_is_the_only_service_or_the_project(tmp_path):
    """With one described it is that; with none it is the project itself."""
    project = tmp_path / "My Project"
    project.mkdir()
    assert service_of("", tmp_path, project).name == "my-project"
    assert service_of("", tmp_path, project).path == project
    describe(project, {"port": 5})
    assert (service_of("", tmp_path, project).name, service_of("", tmp_path, project).port) == ("web", 5)


def test_a_notebook_whose_name_is_described_is_that_service(tmp_path):
    """`deploy web.ipynb` has the settings of `web`."""
    describe(tmp_path, {"port": 5})
    (tmp_path / "web.ipynb").write_text("{}")
    found = service_of("web.ipynb", tmp_path, tmp_path)
    assert (found.name, found.port, found.is_described) == ("web", 5, True)


@pytest.mark.parametrize("what", ["wbe", "~nobody-of-that-name/x", "x" * 5000, "a\0b", "missing.ipynb"])
def test_a_word_that_means_nothing_is_refused(tmp_path, what):
    """With what there is."""
    describe(tmp_path, {})
    error = refused(tmp_path, what)
    assert "the settings have web" in error.why
    assert what != "wbe" or error.fix == "%autoexec deploy web"


def test_a_name_that_only_the_ledger_knows_goes_where_it_went(tmp_path):
    """A service that was deployed from a notebook can be rolled back by its name; the line still wins."""
    known = {"old": ("docker", "local")}

    def deployed(name):
        return known.get(name, ())

    found = service_of("old", tmp_path, tmp_path, {}, deployed)
    assert (found.name, found.target, found.path, found.is_described) == ("old", "docker", tmp_path, False)
    assert service_of("old", tmp_path, tmp_path, {"target": "local"}, deployed).target == "local"
    with pytest.raises(UsageError, match="no service"):
        service_of("other", tmp_path, tmp_path, {}, deployed)


def test_the_ledger_is_not_asked_for_what_the_project_has(tmp_path):
    """What is described, or lies there, is meant first; no name is nothing to ask for."""

    def deployed(name):
        raise AssertionError(name)

    describe(tmp_path, {})
    (tmp_path / "app.ipynb").write_text("{}")
    assert service_of("web", tmp_path, tmp_path, {}, deployed).is_described
    assert service_of("app.ipynb", tmp_path, tmp_path, {}, deployed).name == "app"
    with pytest.raises(UsageError):
        service_of("No Name", tmp_path, tmp_path, {}, deployed)


def test_a_target_that_only_a_newer_version_knows_is_refused(tmp_path):
    """The ledger may have a row of one."""
    with pytest.raises(UsageError, match="target"):
        service_of("old", tmp_path, tmp_path, {}, lambda name: ("moon",))


def test_an_image_needs_no_folder(tmp_path):
    """It is there already, and has a name of its own."""
    found = service_of("cache", tmp_path, tmp_path, {"image": "redis:7"})
    assert (found.name, found.image) == ("cache", "redis:7")


def test_a_path_that_is_relative_is_taken_from_where_one_is(tmp_path):
    """A notebook beside the one that deploys it."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "app.ipynb").write_text("{}")
    found = service_of("app.ipynb", tmp_path / "notebooks", tmp_path)
    assert found.path == Path(tmp_path / "notebooks" / "app.ipynb")
    assert found.folder == tmp_path
