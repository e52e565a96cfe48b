"""What is really installed: the bytes that were proved, and nothing that nobody agreed to."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from dataclasses import replace
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
START_SECONDS = 10.0  # of the process that stands for a kernel, on a busy machine


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
    assert kinds == ["Resolved", "Recorded", "Progress", "Progress", "Recorded", "Installed", "Installed"]
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


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_release_that_was_withdrawn_is_a_question(environment, index, is_kept):
    """Naming its version gets it, as the standard has it, but not without a word; also from what is kept."""
    index.add("frob-tools", wheel("frob-tools", "1.0"), wheel("frob-tools", "2.0", yanked=True))
    if is_kept:
        assert environment.drive("install", names=["frob-tools==2.0"]).error is not None
    answer = environment.drive("install", names=["frob-tools==2.0"], answer=False)
    assert "frob-tools 2.0 was withdrawn by its project" in str(answer.questions)
    assert "frob-tools" not in environment.distributions


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
    assert question["fix"] == "%autoexec install PyYAML --yes"
    if yes:
        assert added(environment) == {"PyYAML": "1.0", "inner-dep": "1.0"}
    else:
        assert environment.files == before


def test_what_is_imported_is_not_replaced_without_a_word(environment, index):
    """The question says what this kernel uses; afterwards it says that it must be restarted, and for what."""
    environment.unpack(wheel("inner-dep", "2.0"))
    environment.unpack(wheel("outer-dep", "2.0"))
    index.add("PyYAML", yaml(requires=["inner-dep<2"]))
    index.add("inner-dep", wheel("inner-dep", "1.0"), wheel("inner-dep", "2.0"))
    answer = environment.heal("import yaml", answer=True, imports=["inner_dep", "outer_dep"])
    [question] = answer.questions
    assert any("inner-dep 2.0 is imported in this kernel" in line for line in question["evidence"])
    assert {item["distribution"]: item["changed"] for item in answer.installed} == {
        "PyYAML": [],
        "inner-dep": ["inner_dep"],
    }


def test_another_s_file_that_is_loaded_and_replaced_is_told(environment, index):
    """Nothing is removed by name, and all the same a module in use has other bytes now."""
    environment.unpack(wheel("other", "2.0", {"shared/__init__.py": "FROM = 'other'\n"}))
    index.add(
        "PyYAML", wheel("PyYAML", files={"yaml/__init__.py": "", "shared/__init__.py": "FROM = 'yaml'\n"})
    )
    answer = environment.heal("import yaml", answer=True, imports=["shared"])
    assert any("it would replace" in line for item in answer.questions for line in item["evidence"])
    [item] = answer.installed
    assert item["changed"] == ["shared"]


def test_what_was_only_added_needs_no_restart(environment, index):
    """Nothing that is loaded has changed."""
    environment.unpack(wheel("outer-dep", "2.0"))
    index.add("PyYAML", yaml())
    answer = environment.heal("import yaml", imports=["outer_dep"])
    assert [item["changed"] for item in answer.installed] == [[]]


def test_what_was_replaced_comes_back_where_the_install_fails(environment, index):
    """Also what its owner had edited, byte for byte."""
    environment.unpack(wheel("inner-dep", "2.0"))
    (environment.site / "inner_dep.py").write_text("EDITED = True\n")
    files = {**YAML, "pyyaml-1.0.data/data/share/frob/x": ""}
    index.add("PyYAML", yaml(files=files, requires=["inner-dep<2"]))
    index.add("inner-dep", wheel("inner-dep", "1.0"))
    # uv takes the old one away, and then finds a file where it needs a folder.
    (environment.folder / "share").write_text("")
    before = environment.files
    answer = environment.heal("import yaml", answer=True)
    assert answer.error["class"] == "InstallError", answer.installed
    assert environment.files == before


# Whose names, and whose project


def test_a_wheel_with_anothers_package_is_a_question(environment, index):
    """A directory called like somebody else's package is not slipped in beside one's own."""
    index.add("PyYAML", yaml(files={**YAML, "numpy/__init__.py": ""}))
    before = environment.files
    answer = environment.heal("import yaml", answer=False)
    assert "brings numpy, which is numpy's" in answer.questions[0]["evidence"][0]
    assert environment.files == before


def test_files_for_anothers_installed_package_are_a_question(environment, index):
    """Also where nothing would be overwritten, and where it is only needed by what is wanted."""
    environment.unpack(wheel("frob-tools", files={"frobnicore/__init__.py": ""}))
    index.add("PyYAML", yaml(requires=["inner-dep"]))
    index.add("inner-dep", wheel("inner-dep", files={"inner_dep.py": "", "frobnicore/evil.py": ""}))
    before = environment.files
    answer = environment.heal("import yaml", answer=False)
    assert any("brings frobnicore, which is frob-tools's" in line for line in answer.questions[0]["evidence"])
    assert environment.files == before


@pytest.mark.parametrize("is_json", [True, False], ids=["json", "html"])
@pytest.mark.parametrize("which", ["PyYAML", "inner-dep"], ids=["wanted", "needed"])
def test_what_is_in_quarantine_is_refused(environment, index, which, is_json):
    """Whoever says yes, and whatever its wheel holds."""
    standing = {which: {"standing": ("quarantined", "it steals")}}
    index.add("PyYAML", yaml("5.0", requires=["inner-dep"]), json=is_json, **standing.get("PyYAML", {}))
    index.add("inner-dep", wheel("inner-dep"), json=is_json, **standing.get("inner-dep", {}))
    before = environment.files
    answer = environment.heal("import yaml", answer=True)
    assert "in quarantine: it steals" in str((answer.error, answer.resolutions))
    assert answer.installed == []
    assert environment.files == before


def test_what_is_archived_is_said(environment, index):
    """It is installed, and the person is told."""
    index.add("PyYAML", yaml(), standing=("archived", "use another"))
    answer = environment.heal("import yaml")
    assert added(environment) == {"PyYAML": "1.0"}
    assert "the project PyYAML is archived: use another" in answer.resolutions[0]["evidence"]


@pytest.mark.parametrize("blocked", ["pyyaml", "Inner_Dep"], ids=["wanted", "needed"])
@pytest.mark.parametrize("is_known", [False, True], ids=["first", "proved-before"])
def test_what_is_blocked_is_refused(environment, index, blocked, is_known):
    """However its name is spelt, whoever needs it, and whatever was proved before."""
    index.add("PyYAML", yaml(requires=["inner-dep"]))
    index.add("inner-dep", wheel("inner-dep"))
    if is_known:
        environment.drive("resolve", modules=["yaml", "inner_dep"])
    index.requests.clear()
    environment.variables["AUTOEXEC_BLOCKED"] = blocked
    before = environment.files
    answer = environment.heal("import yaml", answer=True)
    assert "on your block list" in str((answer.error, answer.resolutions))
    assert environment.files == before
    assert blocked != "pyyaml" or index.asked == []


# Known already


def test_what_was_proved_before_is_installed_without_the_index(environment, index):
    """Within a day the index is not asked again, and one program is started: the one that installs."""
    index.add("PyYAML", yaml(requires=["inner-dep"]))
    index.add("inner-dep", wheel("inner-dep"))
    environment.heal("import yaml")
    for name in ("yaml", "inner_dep.py", "pyyaml-1.0.dist-info", "inner_dep-1.0.dist-info"):
        path = environment.site / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    index.requests.clear()
    answer = environment.heal("import yaml")
    assert added(environment) == {"PyYAML": "1.0", "inner-dep": "1.0"}
    assert index.requests == []
    assert len(answer.argvs) == 1


def test_who_asks_each_time_sees_what_was_withdrawn(environment, index):
    """With `index-hours` 0 a release that was yanked since is not installed from what was kept."""
    project = index.add("PyYAML", yaml("1.0"), yaml("1.1"))
    environment.variables["AUTOEXEC_INDEX_HOURS"] = "0"
    environment.drive("resolve", modules=["yaml"])
    project.files[1] = yaml("1.1", yanked=True)
    environment.heal("import yaml")
    assert added(environment) == {"PyYAML": "1.0"}


def test_what_is_named_and_here_starts_nothing(environment, index):
    """Neither a program nor a question to an index."""
    environment.unpack(wheel("frob-tools", "1.0"))
    answer = environment.drive("install", names=["Frob_Tools", "frob.tools==1.0"])
    assert (answer.error, answer.argvs, index.requests) == (None, [], [])


# Environments


def test_an_environment_that_cannot_be_written_is_refused(monkeypatch, emit):
    """Before anything begins, with the command that helps."""
    started = []
    monkeypatch.setattr(executor, "run", lambda *arguments, **options: started.append(arguments))
    monkeypatch.setattr(os, "access", lambda place, mode, **how: mode != os.W_OK)
    tools = Toolbox(sources=Sources(indexes=()), emit=emit, ask=lambda question: True)
    with pytest.raises(InstallError, match="cannot be written by you") as raised:
        install([Candidate(distribution="frob")], tools)
    assert raised.value.fix.startswith("python3 -m venv")
    assert started == []


def test_it_works_in_a_prefix_as_condas(environment, index):
    """No virtual environment by its files: an interpreter of its own, and a folder conda-meta."""
    (environment.folder / "conda-meta").mkdir()
    index.add("PyYAML", yaml(requires=["inner-dep"]))
    index.add("inner-dep", wheel("inner-dep"))
    assert environment.heal("import yaml").error is None
    assert added(environment) == {"PyYAML": "1.0", "inner-dep": "1.0"}


def test_what_the_system_has_is_not_installed_again(environment, index, tmp_path):
    """With the system's packages in sight (`--system-site-packages`), what is there is needed no more."""
    outer = replace(environment, folder=tmp_path / "outer")
    outer.site.mkdir(parents=True)
    outer.unpack(wheel("inner-dep", "2.0"))
    (environment.site / "system.pth").write_text(f"{outer.site}\n")
    index.add("PyYAML", yaml(requires=["inner-dep>=1.5"]))
    assert environment.heal("import yaml").error is None
    assert added(environment) == {"PyYAML": "1.0"}
    assert environment.run("import yaml, inner_dep; print(inner_dep.VERSION)") == "2.0\n"


def test_two_kernels_install_one_after_the_other(environment, index):
    """Both get what they asked for, into an environment that is whole."""
    jobs = []
    for name in ("alpha", "beta", "gamma"):
        files = {f"{name}_top.py": "", **{f"{name}_top_files/{number}.py": "" for number in range(50)}}
        index.add(f"{name}-top", wheel(f"{name}-top", files=files, requires=["inner-dep"]))
        jobs.append({"verb": "install", "names": [f"{name}-top"], "answer": None})
    index.add("inner-dep", wheel("inner-dep"))
    answers = [environment.finish(child) for child in [environment.start(job) for job in jobs]]
    assert [answer.error for answer in answers] == [None, None, None]
    assert set(added(environment)) == {"alpha-top", "beta-top", "gamma-top", "inner-dep"}
    environment.run("import alpha_top, beta_top, gamma_top, inner_dep")
    assert not (environment.folder / ".autoexec-install.lock").exists()


def test_who_is_waited_for_is_said(environment, index):
    """A living owner of the lock is named, and a dead one holds nobody up."""
    file = yaml()
    index.add("PyYAML", file)
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    me = executor.identify(sleeper.pid)
    owner = {"host": socket.gethostname(), "pid": me.pid, "start_time": me.start_time, "until": 0}
    (environment.folder / ".autoexec-install.lock").write_text(json.dumps(owner))
    child = environment.start({"verb": "heal", "source": "import yaml", "answer": None})
    until = time.monotonic() + SOON_SECONDS
    while not index.downloads(file) and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.5)
    assert added(environment) == {}
    sleeper.communicate(b"\n")
    answer = environment.finish(child)
    told = [event["text"] for event in answer.events if event["kind"] == "Progress"]
    assert f"waiting for process {me.pid}" in told[0]
    assert added(environment) == {"PyYAML": "1.0"}


# Offline


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/simple", "https://no-such-host.invalid/simple", "https://192.0.2.1/simple"]
)
def test_offline_it_says_so_and_goes_on(environment, url):
    """Refused, without a name, or swallowed: within seconds, and what needs no network is done."""
    environment.variables["AUTOEXEC_INDEX_URL"] = url
    start = time.monotonic()
    answer = environment.heal("import yaml, usb, frobnicore")
    assert time.monotonic() - start < 5 + START_SECONDS
    assert answer.error is None
    told = [event["text"] for event in answer.events if event["kind"] == "Progress"]
    assert all("could not be reached" in text for text in told)
    assert {text.rpartition(" ")[2] for text in told} == {"PyYAML", "pyusb", "frobnicore"}


def test_a_private_index_that_fails_is_not_replaced_by_the_public_one(environment, index):
    """Also for what is only needed: an error, and nothing from elsewhere."""
    index.add("PyYAML", yaml(requires=["inner-dep"]))
    index.add("inner-dep", wheel("inner-dep"), status=500)
    with Index() as public:
        public.add("inner-dep", wheel("inner-dep", "9.0"))
        del environment.variables["AUTOEXEC_INDEX_URL"]
        environment.variables |= {"UV_INDEX": index.url, "UV_DEFAULT_INDEX": public.url}
        answer = environment.heal("import yaml", answer=True)
        assert public.asked == []
    assert answer.error["class"] == "InstallError"
    assert added(environment) == {}


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


@pytest.mark.parametrize("is_set", [True, False])
def test_a_keyring_has_the_login_where_it_may_be_asked(environment, is_set):
    """Where uv or pip was told to ask it, and by nobody's typing; else it is not even started."""
    programs = environment.home / "programs"
    programs.mkdir()
    script = f"#!/bin/sh\necho asked >> {programs}/log\ncat >> {programs}/log\nprintf 'me\\ns3cr3t-w0rd\\n'\n"
    (programs / "keyring").write_text(script)
    (programs / "keyring").chmod(0o755)
    environment.variables["PATH"] = f"{programs}:{environment.variables['PATH']}"
    if is_set:
        environment.variables["UV_KEYRING_PROVIDER"] = "subprocess"
    with Index(user="me", password="s3cr3t-w0rd") as private:
        private.add("PyYAML", yaml(requires=["inner-dep"]))
        private.add("inner-dep", wheel("inner-dep"))
        environment.variables["AUTOEXEC_INDEX_URL"] = private.url
        answer = environment.heal("import yaml")
    assert "w0rd" not in answer.raw
    assert (programs / "log").exists() == is_set
    if is_set:
        assert set((programs / "log").read_text().split()) == {"asked"}
        assert added(environment) == {"PyYAML": "1.0", "inner-dep": "1.0"}
    else:
        assert "401" in answer.error["text"]


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
