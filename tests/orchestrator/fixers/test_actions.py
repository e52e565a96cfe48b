"""Each kind of action: what it does, and what it leaves to a person however it is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autoexec_magic.errors import NeedsPerson
from autoexec_magic.executor.cage import Doors
from autoexec_magic.orchestrator.fixers.actions import carry_out, machine_memory, spelled
from autoexec_magic.orchestrator.fixers.attempt import Attempt, Failure, Hands, Left
from autoexec_magic.values import Action, Diagnosis, Frame, Reply

SOURCE = "import json\npritn(1)\n"


class Person:
    """Somebody who answers, and remembers what was asked."""

    def __init__(self, answer=Reply.YES):
        self.answer, self.asked = answer, []

    def __call__(self, question):
        self.asked.append(question)
        if self.answer is None:
            raise NeedsPerson(question.text)
        return self.answer


def failure(kind, *values, line=2, source="pritn(1)"):
    frame = Frame(file="script.py", line=line, source=source)
    return Failure(
        diagnosis=Diagnosis(code="a", why="b", action=Action(kind=kind, values=values), frame=frame)
    )


def done(kind, *values, attempt=None, hands=None, **more):
    """Return the change that an action makes."""
    given = {"root": Path("/"), "ask": Person(), "person": Person(), "may_patch": True} | more
    return carry_out(failure(kind, *values), attempt or Attempt(source=SOURCE), hands or Hands(**given))


def left(kind, *values, **more):
    """Return why an action is left to a person."""
    with pytest.raises(Left) as caught:
        done(kind, *values, **more)
    return caught.value.why


def test_modules_are_installed_by_the_hand_that_proves_them():
    """Names go to the installer, whatever it makes of them."""
    asked = []
    change = done("install", "cv2", "yaml.nodes", install=lambda names: asked.append(names) or ("pyyaml 6",))
    assert asked == [("cv2", "yaml.nodes")]
    assert change.attempt.environment == ("pyyaml 6",)


@pytest.mark.parametrize(
    "name", ["a b", "a;b", "--index-url", "https://x", "../a", "a==1", "", "a\nb", "git+x"]
)
def test_what_is_no_name_of_a_module_is_not_installed(name):
    """Text in an exception never chooses a package, an option or an index."""
    assert left("install", name, install=lambda names: pytest.fail("it was handed on"))


def test_without_a_hand_nothing_is_installed():
    """`--no-install` takes it away."""
    assert left("install", "a") == "nothing is installed here"


def limited(option, asked, *, present=5.0, **more):
    return done("limit", option, asked, attempt=Attempt(source=SOURCE, limits=((option, present),)), **more)


@pytest.mark.parametrize(
    ("option", "asked", "present", "value"),
    [
        ("--timeout", "12", 5.0, 12.0),
        ("--timeout", "9999", 5.0, 20.0),
        ("--memory", "2G", 2.0**30, 2.0**31),
        ("--memory", "2GiB", 2.0**30, 2.0**31),
        ("--memory", "1T", 2.0**30, 2.0**32),
        ("--memory", "1T", 2.0**33, 0.8 * 2**34),
        ("--processes", "8", 4.0, 8.0),
    ],
)
def test_a_limit_is_raised_by_a_bounded_step(option, asked, present, value):
    """To what is asked for, at most fourfold, and memory never above four fifths of the machine's."""
    change = limited(option, asked, present=present, memory_bytes=2**34)
    assert dict(change.attempt.limits) == {option: value}


@pytest.mark.parametrize(
    ("option", "asked", "why"),
    [
        ("--timeout", "5", "cannot be raised above 5"),
        ("--timeout", "1", "cannot be raised above 5"),
        ("--timeout", "0", "cannot be raised"),
        ("--timeout", "-9", "no limit"),
        ("--timeout", "inf", "no limit"),
        ("--timeout", "9" * 400, "no limit"),
        ("--timeout", "", "no limit"),
        ("--memory", "9", "nobody can say how much memory"),
    ],
)
def test_a_limit_that_cannot_be_raised_is_left(option, asked, why):
    """It is never lowered, and nothing that is no number is one."""
    with pytest.raises(Left, match=why):
        limited(option, asked, memory_bytes=0)
    assert left("limit", "--timeout", "20") == "--timeout is no limit that is in force here"


def test_what_has_four_fifths_of_the_memory_gets_no_more():
    """There is a bound that no number of rounds passes."""
    with pytest.raises(Left, match="cannot be raised"):
        limited("--memory", "1T", present=0.8 * 2**30, memory_bytes=2**30)


def test_a_folder_of_the_workspace_is_run_in(tmp_path):
    """By its real path."""
    (tmp_path / "data").mkdir()
    change = done("folder", "data", attempt=Attempt(source=SOURCE, folder=tmp_path), root=tmp_path)
    assert change.attempt.folder == (tmp_path / "data").resolve()


def test_a_folder_outside_is_left(tmp_path):
    """Also behind a link, or up and down again: a cage lets its folder be written."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "root-not").mkdir()
    (root / "link").symlink_to(tmp_path / "root-not")
    attempt = Attempt(source=SOURCE, folder=root)
    for given in ("/", "..", "~", "link", "../root-not", str(tmp_path / "root-not")):
        assert "not in the workspace" in left("folder", given, attempt=attempt, root=root)
    for given in ("absent", ""):
        if given:
            assert "no such folder" in left("folder", given, attempt=attempt, root=root)
    assert "no such folder" in left("folder", attempt=attempt, root=root)


def test_a_cage_is_opened_by_a_person_only(tmp_path):
    """The question needs a person; no option that answers questions is asked."""
    person, option = Person(), Person()
    place = tmp_path / "place"
    place.mkdir()
    attempt = Attempt(source=SOURCE, doors=Doors(net=(80,), read=(Path("/usr"),)))
    words = ("--net", "443", "--read", str(place), "--unix")
    change = done("allow", *words, attempt=attempt, person=person, ask=option)
    assert [question.needs_person for question in person.asked] == [True]
    assert option.asked == []
    assert change.attempt.doors == Doors(net=(80, 443), unix=True, read=(Path("/usr"), place.resolve()))
    assert done("allow", "--net=all", attempt=attempt).attempt.doors.net == "all"


@pytest.mark.parametrize("answer", [Reply.NO, None])
def test_a_cage_stays_shut_without_a_yes(answer):
    """A no, and nobody."""
    with pytest.raises((Left, NeedsPerson)):
        done("allow", "--net", "443", person=Person(answer))


@pytest.mark.parametrize(
    "words",
    [(), ("--cage", "open"), ("--yes",), ("--net",), ("--write", "/absent/x"), ("rm",), ("--net", "x")],
)
def test_what_opens_no_door_is_left(words):
    """Only what opens a door of a cage is taken; nobody is asked about anything else."""
    person = Person()
    assert left("allow", *words, person=person)
    assert person.asked == []


def test_a_kernel_is_never_restarted():
    """It is told, and all that is in the kernel stays."""
    assert "restart the kernel" in left("restart")


def test_cells_are_run_by_the_hand_for_it():
    """Once: what ran for it already is not run again."""
    ran = []
    change = done("run-cells", "3", "5", run_cells=ran.append)
    assert ran == [("3", "5")]
    assert change.attempt.cells == ("3", "5")
    assert change.what == "ran cell [3], cell [5]"
    assert "cell [5] has been run" in left("run-cells", "5", attempt=change.attempt, run_cells=ran.append)
    assert left("run-cells", "3")


def test_a_cell_is_named_as_a_person_sees_it():
    """By the number beside it, or its place; never by its id."""
    ran = []
    assert done("run-cells", "#4", run_cells=ran.append).what == "ran code cell 4"
    assert done("run-cells", "0b1c9f-1", run_cells=ran.append).what == "ran the cell that it depends on"
    assert done("run-cells", "a-b", "3", run_cells=ran.append).what == "ran the 2 cells that it depends on"


def test_a_replacement_is_a_patch():
    """Applied with `--auto` in a cage; else shown as a diff, and asked about."""
    change = done("replace", "pritn", "print")
    assert change.attempt.source == "import json\nprint(1)\n"
    assert "-pritn(1)\n+print(1)" in change.patch
    option = Person()
    done("replace", "pritn", "print", may_patch=False, ask=option)
    assert "+print(1)" in option.asked[0].evidence
    assert "a person did not apply it" in left(
        "replace", "pritn", "print", may_patch=False, ask=Person(Reply.NO)
    )


def test_a_patch_with_a_doubt_is_a_persons():
    """Neither `--auto` nor `--yes` answers for one that reaches further than the source did."""
    option, person = Person(), Person()
    change = done("replace", "pritn(1)", "__import__('os')", ask=option, person=person)
    assert option.asked == []
    [question] = person.asked
    assert question.needs_person
    assert "look: it uses __import__('os')" in question.evidence
    assert change.doubts == ("uses __import__('os')",)


@pytest.mark.parametrize("values", [(), ("a",), ("absent", "b"), ("pritn", "pri\u202ent"), ("pritn", "(")])
def test_what_cannot_be_replaced_is_left(values):
    """No such word, characters that nobody sees, what is no Python then."""
    assert left("replace", *values)


def test_no_action_is_left():
    """A diagnosis without one is a person's."""
    with pytest.raises(Left):
        carry_out(
            Failure(diagnosis=Diagnosis(code="a", why="b")),
            Attempt(source=""),
            Hands(root=Path("/"), ask=Person(), person=Person()),
        )


def test_secrets_are_masked_in_what_is_shown():
    """A diff shows lines of the source, and the source may hold anything."""
    option = Person()
    shorten = lambda text: text.replace("json", "***")  # noqa: E731
    change = done("replace", "pritn", "print", may_patch=False, ask=option, shorten=shorten)
    assert not any("json" in line for line in option.asked[0].evidence)
    assert "json" not in change.patch
    assert "json" in change.attempt.source


def test_a_password_in_the_source_is_not_in_the_diff():
    """It would be on the record, and whoever reads that need not know it."""
    source = 'password = "hunter2"\npritn(1)\n'
    change = carry_out(
        failure("replace", "pritn", "print"),
        Attempt(source=source),
        Hands(root=Path("/"), ask=Person(), person=Person(), may_patch=True),
    )
    assert "hunter2" not in change.patch
    assert "hunter2" in change.attempt.source


def test_the_machines_memory_is_known():
    """At least something; a container's bound counts."""
    assert machine_memory() > 2**20


def test_two_attempts_that_are_equal_have_one_digest():
    """And any part of it makes another."""
    one = Attempt(source="a")
    assert one.digest == Attempt(source="a").digest
    others = [
        replace(one, source="b"),
        replace(one, folder=Path("/x")),
        replace(one, limits=(("--timeout", 1.0),)),
        replace(one, doors=Doors(unix=True)),
        replace(one, environment=("a",)),
        replace(one, cells=("1",)),
        Attempt(source="\udc80"),
    ]
    assert len({item.digest for item in (one, *others)}) == 8


def test_a_folder_in_the_home_of_nobody_is_left(tmp_path):
    """The words come out of a failure's text: whatever they are, nothing else is raised."""
    attempt = Attempt(source=SOURCE, folder=tmp_path)
    assert "no such folder" in left("folder", "~no-such-user-here/x", attempt=attempt, root=tmp_path)


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [("--file-size", 3 * 2**20 + 5, "3M"), ("--memory", 0.8 * 2**34, "13107M"), ("--processes", 8.0, "8")],
)
def test_a_limit_is_spelled_as_it_is_typed(option, value, text):
    """Bytes by whole megabytes, whichever limit they are of; a number as it is."""
    assert spelled(option, value) == text
