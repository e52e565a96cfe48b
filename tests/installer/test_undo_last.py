"""`install --undo`: the environment is as it was before the last change, or it is said why not."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time

import pytest
from index import wheel

from autoexec_magic.ledger import Ledger

YAML = {"yaml/__init__.py": "FROM = 'PyYAML'\n"}


def yaml(version="1.0", **how):
    """Build a wheel of PyYAML that holds yaml."""
    return wheel("PyYAML", version, YAML, **how)


@pytest.fixture
def ledger(environment):
    """Return the ledger of the environment's user."""
    return Ledger(path=environment.home.parent / "data" / "ledger.db")


def install(environment, *names, **job):
    """Install distributions by name, as a person who says yes."""
    answer = environment.drive("install", names=list(names), yes=True, **job)
    assert answer.error is None, answer.error
    return answer


def undo(environment, **job):
    """Take the last change back, with `--yes` unless somebody answers."""
    job = {"yes": job.get("answer") is None, **job}
    return environment.drive("undo", **job)


def test_what_was_added_is_removed(environment, index, ledger):
    """All files of the install go, with what it needed; the ledger has both, and fits."""
    index.add("inner-dep", wheel("inner-dep", "1.0"))
    index.add("PyYAML", yaml(requires=["inner-dep"]))
    before = environment.files
    install(environment, "PyYAML")
    answer = undo(environment)
    assert answer.error is None
    assert environment.files == before
    removed = [event["distribution"] for event in answer.events if event["kind"] == "Removed"]
    assert sorted(removed) == ["PyYAML", "inner-dep"]
    kinds = [row.kind for row in reversed(ledger.rows())]
    assert kinds == ["genesis", "install-begun", "install", "undo-begun", "undo"]
    assert ledger.verify().fits


def test_what_was_replaced_comes_back_by_its_hash(environment, index, ledger):
    """Exactly the bytes that were there before, out of our own cache: the index is not asked."""
    old, new = yaml("1.0"), yaml("2.0")
    index.add("PyYAML", old, new)
    install(environment, "PyYAML==1.0")
    before = environment.files
    install(environment, "PyYAML==2.0")
    index.close()
    answer = undo(environment)
    assert answer.error is None
    assert without_notes(environment.files) == without_notes(before)
    assert "--require-hashes" in answer.argvs[-1]
    assert "--no-index" in answer.argvs[-1]
    assert [event["sha256"] for event in answer.events if event["kind"] == "Installed"] == [old.sha256]
    assert ledger.rows("install")[0].body["replaced"][0]["sha256"] == old.sha256


def test_pip_does_it_where_uv_is_not(pip_environment, index):
    """The same bytes, from our own cache, with the same program that installed them."""
    old = yaml("1.0")
    index.add("PyYAML", old, yaml("2.0"))
    install(pip_environment, "PyYAML==1.0", pip=True)
    install(pip_environment, "PyYAML==2.0", pip=True)
    index.close()
    answer = undo(pip_environment, pip=True)
    assert answer.error is None, answer.error
    assert pip_environment.distributions["PyYAML"] == "1.0"
    assert "pip" in answer.argvs[-1]
    assert undo(pip_environment, pip=True).error is None
    assert "PyYAML" not in pip_environment.distributions


def without_notes(files):
    """Leave out what uv notes beside a wheel that it has from a folder."""
    return {name: text for name, text in files.items() if not name.endswith(("/RECORD", "/uv_cache.json"))}


def test_twice_in_a_row_undoes_the_one_before(environment, index):
    """And a third time says that there is nothing."""
    index.add("PyYAML", yaml("1.0"), yaml("2.0"))
    before = environment.files
    install(environment, "PyYAML==1.0")
    install(environment, "PyYAML==2.0")
    undo(environment)
    assert environment.distributions == {"PyYAML": "1.0"}
    undo(environment)
    assert environment.files == before
    third = undo(environment)
    assert third.error is None
    assert [event["verdict"] for event in third.events if event["kind"] == "RunFinished"] == ["skipped"]


def test_what_somebody_else_installed_comes_back_from_the_index(environment, index, ledger):
    """Its hash is on no ledger: the index's wheel of that version is looked into, and pinned."""
    old = yaml("1.0")
    index.add("PyYAML", old, yaml("2.0"))
    environment.unpack(old)
    install(environment, "PyYAML==2.0")
    assert ledger.rows("install")[0].body["replaced"][0]["sha256"] == ""
    assert undo(environment).error is None
    assert environment.distributions == {"PyYAML": "1.0"}
    assert ledger.rows("undo")[0].body["restored"][0]["sha256"] == old.sha256


def test_what_cannot_be_had_any_more_leaves_everything_as_it_is(environment, index):
    """The version before is gone from the index, and was never in our cache."""
    environment.unpack(yaml("0.9"))
    index.add("PyYAML", yaml("2.0"))
    install(environment, "PyYAML==2.0")
    before = environment.files
    answer = undo(environment)
    assert "pyyaml 0.9, which was replaced, cannot be put back" in answer.error["text"]
    assert environment.files == before


def test_the_plan_is_shown_before_it_is_done(environment, index):
    """One question with all that would change, and with who would lack something; no leaves it."""
    index.add("PyYAML", yaml())
    install(environment, "PyYAML")
    environment.unpack(wheel("needy", "3.0", {"needy.py": ""}, requires=["PyYAML>=1"]))
    before = environment.files
    answer = undo(environment, answer=False)
    [question] = answer.questions
    assert question["evidence"] == ["removes PyYAML 1.0", "needy 3.0 needs PyYAML>=1"]
    assert question["text"].startswith("undo the install of 20")
    assert answer.error["class"] == "PolicyRefused"
    assert environment.files == before
    assert undo(environment, answer=True).error is None
    assert environment.distributions == {"needy": "3.0"}


def test_nobody_there_is_no_yes(environment, index):
    """Exit code 3 and the command that says yes."""
    index.add("PyYAML", yaml())
    install(environment, "PyYAML")
    answer = undo(environment, yes=False)
    assert answer.error["class"] == "NeedsPerson"
    assert answer.error["fix"] == "%autoexec install --undo --yes"
    assert environment.distributions == {"PyYAML": "1.0"}


@pytest.mark.parametrize("change", ["version", "bytes", "edited"])
def test_what_changed_since_is_not_undone(environment, index, change):
    """Another version, other files, an edit by hand: it says which, and touches nothing."""
    index.add("PyYAML", yaml())
    install(environment, "PyYAML")
    place = environment.site / "yaml" / "__init__.py"
    if change == "edited":
        place.unlink()  # a hard link into uv's cache
        place.write_text("FROM = 'my own'\n")
        said = "PyYAML 1.0 was changed by hand since: yaml/__init__.py"
    else:
        version = "2.0" if change == "version" else "1.0"
        shutil.rmtree(environment.site / "PyYAML-1.0.dist-info", ignore_errors=True)
        shutil.rmtree(environment.site / "pyyaml-1.0.dist-info", ignore_errors=True)
        place.unlink()
        environment.unpack(wheel("PyYAML", version, {"yaml/__init__.py": "", "yaml/more.py": "x = 1\n"}))
        said = "is 2.0 now" if change == "version" else "was installed again since, from other files"
    before = environment.files
    answer = undo(environment)
    assert answer.error["class"] == "InstallError"
    assert said in answer.error["text"]
    assert environment.files == before


def test_what_is_gone_already_is_no_obstacle(environment, index, ledger):
    """Somebody uninstalled it by hand: the undo says so on the ledger, and the next one goes on."""
    index.add("first", wheel("first", "1.0", {"first.py": ""}))
    index.add("PyYAML", yaml())
    install(environment, "first")
    install(environment, "PyYAML")
    uninstall(environment, "PyYAML")
    assert undo(environment).error is None
    assert ledger.rows("undo")[0].body["removed"] == []
    assert undo(environment).error is None
    assert environment.distributions == {}


def uninstall(environment, name):
    """Take a distribution out by its record, as any installer does."""
    code = (
        "import sys; from importlib import metadata; from autoexec_magic.installer import undo\n"
        f"undo.remove(metadata.distribution({name!r}))"
    )
    environment.run(code)


def test_a_loaded_module_is_named(environment, index):
    """Only then is a restart needed, and it says so."""
    index.add("PyYAML", yaml())
    install(environment, "PyYAML")
    answer = undo(environment, imports=["yaml"])
    assert [event["loaded"] for event in answer.events if event["kind"] == "Removed"] == [["yaml"]]


def test_a_module_that_is_not_loaded_needs_no_restart(environment, index):
    """The same undo in a process that never imported it."""
    index.add("PyYAML", yaml())
    install(environment, "PyYAML")
    answer = undo(environment, imports=["json"])
    assert [event["loaded"] for event in answer.events if event["kind"] == "Removed"] == [[]]


def test_an_install_that_was_killed_can_be_undone(environment, index, ledger):
    """Its process died after the files came and before the ledger's second row: the first one tells."""
    index.add("PyYAML", yaml())
    before = environment.files
    install(environment, "PyYAML")
    cut_to(ledger, 2)
    answer = undo(environment)
    assert answer.error is None
    assert environment.files == before
    assert ledger.rows("undo")[0].body["undoes"] == 2


@pytest.mark.parametrize("has_metadata", [True, False])
def test_an_install_that_was_killed_while_it_unpacked_is_cleared(environment, index, ledger, has_metadata):
    """Half a package without a record: all of it goes, and a file of the user's beside it stays."""
    index.add("PyYAML", wheel("PyYAML", "1.0", {"yaml/__init__.py": "x = 1\n", "yaml/b/c.py": "y = 2\n"}))
    (environment.site / "mine.py").write_text("x = 1\n")
    before = environment.files
    install(environment, "PyYAML")
    cut_to(ledger, 2)
    for name in ("RECORD", *([] if has_metadata else ["METADATA"])):
        (environment.site / "pyyaml-1.0.dist-info" / name).unlink()
    answer = undo(environment)
    assert answer.error is None, answer.error
    assert environment.files == before
    assert not (environment.site / "yaml").exists()


def test_a_replacement_that_was_killed_halfway_is_taken_back(environment, index, ledger):
    """The old version is gone, the new one is half there: the old one comes back, and nothing else."""
    index.add("PyYAML", yaml("1.0"), wheel("PyYAML", "2.0", {**YAML, "yaml/new.py": "n = 1\n"}))
    install(environment, "PyYAML==1.0")
    before = environment.files
    install(environment, "PyYAML==2.0")
    cut_to(ledger, 4)
    (environment.site / "pyyaml-2.0.dist-info" / "RECORD").unlink()
    answer = undo(environment)
    assert answer.error is None, answer.error
    assert without_notes(environment.files) == without_notes(before)


@pytest.mark.slow
@pytest.mark.limit(300)
def test_killed_at_any_time_an_install_can_be_undone(environment, index, ledger):
    """Whenever the process dies: either nothing was begun, or one undo makes it as it was."""
    files = {f"yaml/part{number}.py": f"n = {number}\n" * 200 for number in range(300)}
    index.add("PyYAML", wheel("PyYAML", "1.0", {"yaml/__init__.py": "", **files}))
    before = environment.files
    for number in range(12):
        rows = len(ledger.rows())
        child = environment.start({"verb": "install", "answer": None, "names": ["PyYAML"], "yes": True})
        until = time.monotonic() + 30
        while len(ledger.rows()) == rows and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(number * 0.012)
        child.kill()
        child.communicate(timeout=30)
        time.sleep(0.5)  # the keeper ends what it had started
        answer = undo(environment)
        assert answer.error is None, answer.error
        assert environment.files == before
        assert ledger.verify().fits


def cut_to(ledger, last):
    """Make the ledger as if its writer had died after row `last`."""
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("DROP TRIGGER rows_remain")
        connection.execute("DELETE FROM rows WHERE id > ?", (last,))
        connection.execute("UPDATE sqlite_sequence SET seq = ?", (last,))
    connection.close()


def test_an_undo_that_was_killed_is_done_again(environment, index, ledger):
    """What it had done stays done."""
    index.add("PyYAML", yaml("1.0"), yaml("2.0"))
    install(environment, "PyYAML==1.0")
    install(environment, "PyYAML==2.0")
    undo(environment)
    cut_to(ledger, 6)
    assert [row.kind for row in ledger.rows(limit=1)] == ["undo-begun"]
    assert undo(environment).error is None
    assert environment.distributions == {"PyYAML": "1.0"}
    assert undo(environment).error is None
    assert environment.distributions == {}


def test_another_environments_installs_are_not_ours(environment, index, ledger):
    """One ledger for all of a user's environments; an undo takes back its own only."""
    index.add("PyYAML", yaml())
    install(environment, "PyYAML")
    body = ledger.rows("install")[0].body
    elsewhere = {**body, "begun": 0, "environment": {**body["environment"], "prefix": "/elsewhere"}}
    ledger.append("install", {**elsewhere, "added": [{"name": "other", "version": "1.0"}]})
    assert undo(environment).error is None
    assert environment.distributions == {}
    verdicts = [e["verdict"] for e in undo(environment).events if e["kind"] == "RunFinished"]
    assert verdicts == ["skipped"]


def test_what_cannot_be_recorded_is_not_undone(environment, index, ledger):
    """A ledger that nobody can write: nothing is taken out."""
    index.add("PyYAML", yaml())
    install(environment, "PyYAML")
    before = environment.files
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    answer = undo(environment)
    assert answer.error["class"] == "LedgerError"
    assert "nothing was undone" in answer.error["text"]
    assert environment.files == before


def test_the_verb_says_it_in_records_and_words(environment, index):
    """On the command line: the result last, with what was removed; then that there is nothing."""
    index.add("PyYAML", yaml())
    install(environment, "PyYAML")
    said = autoexec(environment, "install", "--undo", "--yes", "--json")
    result = json.loads(said.stdout.splitlines()[-1])
    assert result["removed"] == ["PyYAML==1.0"]
    assert (result["verdict"], said.returncode) == ("passed", 0)
    again = autoexec(environment, "install", "--undo", "--yes")
    assert again.stdout.startswith("nothing to undo")
    assert again.returncode == 0


def autoexec(environment, *words):
    """Run the command in the environment."""
    argv = [environment.python, "-P", "-m", "autoexec_magic", *words]
    return subprocess.run(
        argv, cwd=environment.home, env=environment.variables, capture_output=True, text=True, timeout=60
    )
