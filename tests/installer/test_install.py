"""What is really installed: the bytes that were proved, and nothing that nobody agreed to."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import signal
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from index import Index, sdist, wheel

from autoexec_magic import executor
from autoexec_magic.errors import InstallError, RunTimeout
from autoexec_magic.installer.install import Toolbox, install
from autoexec_magic.installer.sources import Sources
from autoexec_magic.values import Candidate

YAML = {"yaml/__init__.py": "FROM = 'PyYAML'\n"}
EVIL = {"yaml/__init__.py": "FROM = 'somebody else'\n"}
SOON_SECONDS = 20.0


def yaml(version="1.0", files=YAML, **how):
    """Build a wheel of PyYAML that holds yaml."""
    return wheel("PyYAML", version, files, **how)


@pytest.fixture(params=["uv", "pip"])
def tool(request):
    """Return the name of the program that installs: uv, or pip where uv is not."""
    return request.param


@pytest.fixture
def place(request, tool):
    """Return an environment for `tool`."""
    return request.getfixturevalue("environment" if tool == "uv" else "pip_environment")


def added(environment):
    """Return what was installed into it, beside what it came with."""
    return {name: version for name, version in environment.distributions.items() if name != "pip"}


def started_by(child):
    """Return what a process has started and still runs."""
    return "".join(path.read_text() for path in Path(f"/proc/{child.pid}/task").glob("*/children"))


# Exactly what was proved, and what it needs


def test_what_a_proved_wheel_needs_comes_too(environment, index):
    """Its dependencies are installed with it, each pinned to the bytes that were looked into."""
    inner, top = wheel("inner-dep", "2.0", days=300), yaml(requires=["inner-dep>=1.5"])
    index.add("inner-dep", wheel("inner-dep", "1.0", days=350), inner)
    index.add("PyYAML", top)
    answer = environment.heal("import yaml")
    assert answer.error is None
    assert added(environment) == {"PyYAML": "1.0", "inner-dep": "2.0"}
    assert {item["sha256"] for item in answer.installed} == {inner.sha256, top.sha256}
    assert environment.run("import yaml, inner_dep; print(yaml.FROM, inner_dep.VERSION)") == "PyYAML 2.0\n"
    kinds = [event["kind"] for event in answer.events if event["kind"] != "Output"]
    assert kinds == ["Resolved", "Progress", "Progress", "Installed", "Installed"]
    [argv] = answer.argvs
    assert {"--require-hashes", "--no-deps", "--offline", "--no-index"} <= set(argv)


def test_the_bytes_installed_are_the_bytes_proved(place, tool, index):
    """An index that serves something else after the proof is not asked again, whatever its page says then."""
    file = yaml()
    index.add("PyYAML", file, swap=yaml(files=EVIL))
    answer = place.heal("import yaml", pip=tool == "pip")
    assert answer.error is None
    assert (index.downloads(file), [item["sha256"] for item in answer.installed]) == (1, [file.sha256])
    assert place.run("import yaml; print(yaml.FROM)") == "PyYAML\n"


def test_a_kept_wheel_that_was_changed_is_not_installed(place, tool, index):
    """What was proved a minute ago and is other bytes now is refused by the hash of the proof."""
    file = yaml()
    index.add("PyYAML", file)
    assert place.drive("resolve", modules=["yaml"]).decisions == {"yaml": "install"}
    [kept] = place.home.parent.glob(f"data/cache/wheels/{file.sha256}/*.whl")
    kept.write_bytes(yaml(files=EVIL).content)
    before = place.files
    answer = place.heal("import yaml", pip=tool == "pip")
    assert answer.error["class"] == "InstallError"
    assert "hash" in answer.error["text"].lower()
    assert answer.installed == []
    assert place.files == before


def test_the_hash_on_record_is_that_of_what_was_installed(environment, index):
    """A release has several files; of a dependency, too, the record names the one that was installed."""
    dependencies = {}
    for name, is_lower in (("inner-low", True), ("inner-high", False)):
        file = dependencies[name] = wheel(name)
        archives = (sdist(name, code=f"# {number}") for number in itertools.count())
        other = next(archive for archive in archives if (archive.sha256 < file.sha256) == is_lower)
        index.add(name, file, other)
    index.add("PyYAML", yaml(requires=dependencies))
    answer = environment.heal("import yaml")
    recorded = {item["distribution"]: item["sha256"] for item in answer.installed}
    assert {name: recorded[name] for name in dependencies} == {
        name: file.sha256 for name, file in dependencies.items()
    }


def test_a_dependency_of_the_first_index_is_its_own(place, tool, index):
    """What a proved wheel needs does not come from the public index where the private one has it."""
    inner, top = wheel("inner-dep", "1.0"), yaml(requires=["inner-dep"])
    index.add("PyYAML", top)
    index.add("inner-dep", inner)
    with Index() as public:
        public.add("inner-dep", wheel("inner-dep", "9.0"))
        del place.variables["AUTOEXEC_INDEX_URL"]
        place.variables |= {"UV_INDEX": index.url, "UV_DEFAULT_INDEX": public.url}
        answer = place.heal("import yaml", pip=tool == "pip")
    assert answer.error is None
    assert added(place) == {"PyYAML": "1.0", "inner-dep": "1.0"}
    assert {item["sha256"] for item in answer.installed} == {inner.sha256, top.sha256}
    assert place.run("import yaml, inner_dep; print(yaml.FROM, inner_dep.VERSION)") == "PyYAML 1.0\n"
    assert any(argv[1:4] == ["-P", "-m", "pip"] for argv in answer.argvs) == (tool == "pip")
    assert "--require-hashes" in answer.argvs[-1]


def test_the_version_that_a_person_names_is_installed(environment, index):
    """`install NAME==VERSION` takes that version; the second time there is nothing to do."""
    old = wheel("frob-tools", "1.0", {"frobnicore.py": "FROM = 'frob-tools'\n"})
    index.add("frob-tools", old, wheel("frob-tools", "2.0"))
    answer = environment.drive("install", names=["Frob_Tools==1.0"])
    assert answer.error is None
    [item] = answer.installed
    assert (item["version"], item["sha256"], item["index"]) == ("1.0", old.sha256, index.url)
    assert environment.run("import frobnicore; print(frobnicore.FROM)") == "frob-tools\n"
    before = environment.files
    again = environment.drive("install", names=["frob-tools==1.0"])
    assert (again.installed, again.error) == ([], None)
    assert environment.files == before


def test_the_older_release_is_installed_where_the_newest_is_fresh(environment, index):
    """What is a day old is left for another day."""
    index.add("PyYAML", yaml("1.0"), yaml("1.1", days=1))
    answer = environment.heal("import yaml")
    assert (answer.error, answer.questions) == (None, [])
    assert added(environment) == {"PyYAML": "1.0"}


def test_an_index_without_times_serves_what_the_table_knows(environment, index):
    """Also from plain HTML the release that was once looked into is found, proved and installed."""
    index.add("PyYAML", yaml("5.0"), yaml("99.0"), json=False)
    answer = environment.heal("import yaml")
    assert (answer.error, answer.questions) == (None, [])
    assert added(environment) == {"PyYAML": "5.0"}


# Dependencies are other people's wheels, too


def test_a_dependency_is_looked_into(environment, index):
    """Nothing is installed whose wheel was not looked into, and nothing that would run at every start."""
    index.add("PyYAML", yaml(requires=["inner-dep"]))
    index.add("inner-dep", wheel("inner-dep", files={"inner_dep.py": "", "evil.pth": "import sys"}))
    before = environment.files
    answer = environment.heal("import yaml", answer=True)
    assert "evil.pth" in answer.error["text"]
    assert environment.files == before


def test_a_fresh_dependency_is_not_installed_unasked(environment, index):
    """A day-old release is as fresh where another one needs it: the older one is taken, or it is asked."""
    index.add("PyYAML", yaml(requires=["inner-dep"]))
    index.add("inner-dep", wheel("inner-dep", "1.0"), wheel("inner-dep", "1.1", days=1))
    answer = environment.heal("import yaml")
    assert answer.questions or added(environment).get("inner-dep") == "1.0"


def test_a_dependency_is_not_built(environment, index):
    """A source archive is no wheel, wherever in the plan it stands; its code does not run."""
    canary = environment.home / "canary"
    index.add("PyYAML", yaml(requires=["inner-dep"]))
    index.add("inner-dep", sdist("inner-dep", code=f"open({str(canary)!r}, 'w')"))
    answer = environment.heal("import yaml", answer=True)
    assert answer.error["class"] == "InstallError"
    assert "inner-dep" in answer.error["text"]
    assert not canary.exists()
    assert added(environment) == {}


# What is there already


@pytest.mark.parametrize(("yes", "error"), [(True, None), (False, "PolicyRefused"), (None, "NeedsPerson")])
def test_what_is_installed_is_not_replaced_unasked(environment, index, yes, error):
    """A plan that takes another version away says which, and does nothing on no."""
    environment.unpack(wheel("inner-dep", "2.0"))
    index.add("PyYAML", yaml(requires=["inner-dep<2"]))
    index.add("inner-dep", wheel("inner-dep", "1.0"), wheel("inner-dep", "2.0"))
    before = environment.files
    answer = environment.heal("import yaml", answer=yes)
    [question] = answer.questions
    assert "inner-dep 2.0" in question["text"]
    assert "adds inner-dep 1.0" in question["evidence"]
    assert (answer.error and answer.error["class"]) == error
    if yes:
        assert added(environment) == {"PyYAML": "1.0", "inner-dep": "1.0"}
    else:
        assert environment.files == before


def test_a_python_of_the_system_is_left_alone(monkeypatch, tmp_path, emit):
    """An interpreter that its distribution manages gets nothing (PEP 668); no program starts."""
    started = []
    monkeypatch.setattr(executor, "run", lambda *arguments, **options: started.append(arguments))
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(sysconfig, "get_path", lambda name, *rest, **more: str(tmp_path))
    tools = Toolbox(sources=Sources(indexes=()), emit=emit, ask=lambda question: True)
    (tmp_path / "EXTERNALLY-MANAGED").write_text("")
    with pytest.raises(InstallError, match="managed by the operating system") as raised:
        install([Candidate(distribution="frob")], tools)
    assert "venv" in raised.value.fix
    assert started == []
    (tmp_path / "EXTERNALLY-MANAGED").unlink()
    with contextlib.suppress(AttributeError):  # the twin goes on, and finds that nothing ran
        install([Candidate(distribution="frob")], tools)
    assert started


# Indexes that go away


def test_only_the_folder_is_asked_where_no_index_may_be(environment, index, tmp_path):
    """With `no-index` nothing leaves the machine, and what the folder holds is installed."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for file in (yaml(requires=["inner-dep"]), wheel("inner-dep")):
        (folder / file.filename).write_bytes(file.content)
    for name in ("AUTOEXEC_INDEX_URL", "NO_PROXY", "no_proxy"):
        del environment.variables[name]
    proxy = index.url.removesuffix("/simple")  # whatever would leave the machine comes by here
    environment.variables |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    environment.variables |= dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), proxy)
    answer = environment.heal("import yaml", answer=True)
    assert index.requests == []
    assert added(environment) == {"PyYAML": "1.0", "inner-dep": "1.0"}, answer.error


def test_an_install_has_a_time_limit(index, emit):
    """An index that hangs while the plan is made is given up, and the limit is named."""
    index.add("frob-nothing", hang="page")
    tools = Toolbox(sources=Sources(indexes=(index.url,)), emit=emit, ask=lambda question: True, timeout=0.5)
    with pytest.raises(RunTimeout, match="longer than"):
        install([Candidate(distribution="frob-nothing", version="1.0", sha256="0" * 64)], tools)


@pytest.mark.parametrize("hang", ["page", "install"], ids=["while-finding", "while-installing"])
def test_an_interrupt_leaves_nothing(environment, index, hang):
    """Ctrl-C, in the search or in the install, is `Cancelled`, and the environment is as before."""
    index.add("PyYAML", yaml(), hang=hang)
    before = environment.files
    with open(environment.folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # for which uv waits
        child = environment.start({"verb": "heal", "source": "import yaml", "answer": None})
        until = time.monotonic() + SOON_SECONDS
        while not (index.asked if hang == "page" else started_by(child)) and time.monotonic() < until:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        answer = environment.finish(child)
    assert answer.error["class"] == "Cancelled"
    assert answer.installed == []
    assert environment.files == before
    assert answer.left == []


def test_passwords_are_in_no_command_line(environment):
    """An index behind a password is used to the end, and the password is said to it alone."""
    with Index(user="me", password="s3cr3t-w0rd") as private:
        private.add("PyYAML", yaml(requires=["inner-dep"]))
        private.add("inner-dep", wheel("inner-dep"))
        environment.variables["AUTOEXEC_INDEX_URL"] = private.at("me:s3cr3t-w0rd@127.0.0.1")
        answer = environment.heal("import yaml")
        assert answer.error is None
        assert {item["index"] for item in answer.installed} <= {private.url, ""}
        private.expected = "somebody else"
        refused = environment.drive("install", names=["frob"])
    assert "401" in refused.error["text"]
    assert len(answer.argvs) > 1
    assert "w0rd" not in answer.raw + refused.raw


def test_a_token_in_place_of_a_name_is_as_secret(environment):
    """A token that stands where a user would is masked in what uv says, too."""
    with Index(user="t0ken-w0rd", password="") as private:
        private.add("PyYAML", yaml(requires=["inner-dep"]))
        private.add("inner-dep", status=403)
        environment.variables["AUTOEXEC_INDEX_URL"] = private.at("t0ken-w0rd:@127.0.0.1")
        answer = environment.heal("import yaml")
    assert "inner-dep" in answer.error["text"]
    assert "w0rd" not in answer.raw


def test_without_uv_and_pip_it_says_so(environment, index):
    """Where nothing can install, the error says what is missing."""
    index.add("PyYAML", yaml())
    answer = environment.heal("import yaml", pip=True)
    assert "No module named pip" in answer.error["text"]
    assert answer.error["fix"]
    assert added(environment) == {}
