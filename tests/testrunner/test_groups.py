"""Failures by their causes."""

# ruff: noqa: E501 - texts as pytest writes them

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.testrunner import causes, groups
from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.facts import Project
from autoexec_magic.testrunner.groups import grouped, headline
from autoexec_magic.testrunner.told import Fold

RECORDS = Path(__file__).parents[1] / "data" / "testcauses" / "records"
PROJECT = Project(root="/tmp/x/proj", modules=("shop", "shop_old", "checks", "conftest"))


def bad(nodeid, text, kind="failure", verdict="failed"):
    problem = Problem(kind=kind, text=text)
    return Case(nodeid, verdict=verdict, said=Said(nodeid=nodeid, problems=(problem,)))


def through(file, line, source, error, test_line=3, name="test_a"):
    """Return what pytest shows of a failure below a test."""
    return (
        f"tests/{name}.py:{test_line}: in test\n    run()\n{file}:{line}: in run\n    {source}\nE   {error}"
    )


def in_test(source, error, line=3, name="test_a"):
    return f">       {source}\nE       {error}\n\ntests/{name}.py:{line}: {error.partition(':')[0]}"


def test_one_line_of_the_product_fails_many_tests():
    """Tests of different files that fail at one place of the product, in other words for numbers, are one group."""
    cases = [
        bad(
            f"tests/test_{n}.py::test_{n}",
            through("shop/a.py", 7, "raise E(n)", f"ValueError: {n} is too many", name=f"test_{n}"),
        )
        for n in range(36)
    ]
    cases.insert(
        4, bad("tests/test_b.py::test_b", in_test("assert f() == 1", "assert 2 == 1", name="test_b"))
    )
    first, second = found = grouped(cases)
    assert headline(found) == "37 failures, 2 causes"
    assert (len(first.nodeids), first.where, first.cause.cls) == (36, "shop/a.py:7", "product")
    assert first.nodeids[0] == "tests/test_0.py::test_0"
    assert second.nodeids == ("tests/test_b.py::test_b",)


def test_alike_by_chance_stays_apart():
    """Two tests that assert other things with the same values have two causes."""
    cases = [
        bad("tests/test_a.py::test_a", in_test("assert f() == 1", "assert 2 == 1")),
        bad("tests/test_a.py::test_b", in_test("assert g() == 1", "assert 2 == 1", line=9)),
    ]
    assert len(grouped(cases)) == 2


def test_parameters_of_one_test_are_one():
    """The same line of one test, with other parameters and values, is one cause."""
    cases = [
        bad(f"tests/test_a.py::test_a[{n}]", in_test("assert f(n) == 1", f"assert {n} == 1"))
        for n in range(5)
    ]
    (group,) = grouped(cases)
    assert len(group.nodeids) == 5
    assert group.where == "tests/test_a.py:3"


def test_the_same_line_with_the_same_values_is_one():
    """What 20 tests assert alike and find alike has one cause."""
    cases = [
        bad(f"tests/test_a.py::test_{n}", in_test("assert r.status == 200", "assert 404 == 200", line=n + 3))
        for n in range(20)
    ]
    assert len(grouped(cases)) == 1


def test_what_lies_around_is_one_wherever_it_shows():
    """A module that is missing is one cause, in the product, in tests and in collection."""
    cases = [
        bad(
            "tests/test_a.py",
            "tests/test_a.py:1: in <module>\n    import yaml\nE   ModuleNotFoundError: No module named 'yaml'",
            "error",
            "error",
        ),
        bad(
            "tests/test_b.py::test_b",
            through("shop/a.py", 7, "import yaml", "ModuleNotFoundError: No module named 'yaml'"),
        ),
        bad(
            "tests/test_c.py",
            "tests/test_c.py:1: in <module>\n    import toml\nE   ModuleNotFoundError: No module named 'toml'",
            "error",
            "error",
        ),
    ]
    found = grouped(cases)
    assert [len(group.nodeids) for group in found] == [2, 1]
    assert found[0].where == ""


def test_the_shared_place_is_the_deepest_that_all_went_through():
    """Where failures of one cause came in by different ways, the place is where the ways meet."""
    deep = (
        "shop/b.py:8: in deep\n    deeper()\nshop/b.py:2: in deeper\n    raise KeyError(1)\nE   KeyError: 1"
    )
    cases = [
        bad(
            "tests/test_a.py::test_a",
            f"tests/test_a.py:1: in test\n    f()\nshop/a.py:1: in one\n    deep()\n{deep}",
        ),
        bad(
            "tests/test_a.py::test_b",
            f"tests/test_a.py:5: in test\n    f()\nshop/a.py:9: in two\n    deep()\n{deep}",
        ),
    ]
    (group,) = grouped(cases)
    assert group.where == "shop/b.py:2"


def test_the_representative_is_the_shortest():
    """The failure that is shown for all is the one with the least to read."""
    text = through("shop/a.py", 7, "raise E", "ValueError: no")
    cases = [bad("t.py::long", "x = 1\n" * 50 + text), bad("t.py::short", text), bad("t.py::next", text)]
    (group,) = grouped(cases)
    assert group.representative.key == "t.py::short"


def test_what_passed_is_no_failure():
    """Cases that passed or were skipped are in no group; one that did not end is."""
    begun = Case(
        "c",
        verdict="not-run",
        said=Said(nodeid="c", file="c.py", reason="it began, and its end was not told"),
    )
    found = grouped([Case("a"), Case("b", verdict="skipped"), begun])
    assert [group.nodeids for group in found] == [("c",)]
    assert headline(grouped([Case("a")])) == "no failures"


def test_the_signature_does_not_move_with_the_run():
    """The same failures of another run, elsewhere on the disk, have the same signature."""
    one = bad(
        "tests/test_a.py::test_a",
        through("shop/a.py", 7, "raise E", "OSError: /tmp/tmpab12cd34/x holds 17 files"),
    )
    two = bad(
        "tests/test_a.py::test_a",
        through("shop/a.py", 9, "raise E", "OSError: /tmp/tmpzz99zz99/x holds 18 files"),
    )
    assert grouped([one])[0].signature == grouped([two])[0].signature


def test_real_failures():
    """Of a real suite, each missing package and each parametrized test is one group, and nobody is lost."""
    fold = Fold(lambda nodeid: None, lambda case: None)
    fold.feed((RECORDS / "main.jsonl").read_bytes())
    told = fold.end(1)
    cases = (*told.unread, *told.cases)
    found = grouped(cases, PROJECT)
    together = {frozenset(name.rpartition("::")[2] for name in group.nodeids) for group in found}
    assert {"test_each_price[1]", "test_each_price[2]"} in together
    assert {"test_no_answer"} in together
    refused = next(each for each in together if "test_refused" in each)
    assert "test_setup_without_broker" in refused
    names = [name for group in found for name in group.nodeids]
    assert sorted(names) == sorted(case.key for case in cases if case.is_bad)


@pytest.mark.parametrize("kinds", [1, 7, 5000])
def test_only_one_of_each_group_is_explained(monkeypatch, kinds):
    """5,000 failures are read once each, and what is costly is done once per group."""
    diagnosed, read, judged = [], [], []
    known, facts = causes.diagnose_text, groups.facts_of
    monkeypatch.setattr(
        causes, "diagnose_text", lambda *args, **kw: diagnosed.append(1) or known(*args, **kw)
    )
    judge = groups.judge
    monkeypatch.setattr(groups, "judge", lambda *args: judged.append(1) or judge(*args))
    monkeypatch.setattr(groups, "facts_of", lambda *args: read.append(1) or facts(*args))
    cases = [
        bad(
            f"tests/test_a.py::test_{n}",
            through("shop/a.py", 7 + n % kinds, f"raise E{n % kinds}", f"ValueError: {n} is too many"),
        )
        for n in range(5000)
    ]
    found = grouped(cases)
    assert len(found) == kinds
    assert len(diagnosed) == min(kinds, groups.MOST_DIAGNOSED)
    assert len(read) == len(cases) + kinds
    assert len(judged) == kinds
