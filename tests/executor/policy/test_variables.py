"""Variables that decide which code runs."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy.found import Found
from autoexec_magic.executor.policy.variables import LOADS_CODE, assign, setting


@pytest.mark.parametrize("name", sorted(LOADS_CODE))
def test_a_variable_of_the_list_is_a_question(name):
    """Each of them, by any of the ways a program is given one."""
    found = Found()
    assign(f"{name}=/x y", found)
    assert found.answer == "ask"
    assert name in found.why


@pytest.mark.parametrize(
    "word",
    [
        "PYTHONPATH=src",
        "PYTHONPATH=.:lib",
        "PAGER=cat",
        "EDITOR=true",
        "CC=gcc",
        "PYTHONWARNINGS=ignore",
        "MAKEFLAGS=-j4",
    ],
)
def test_a_value_that_chooses_nothing_new_is_none(word):
    """Code of the workspace, a known compiler, a pager that shows."""
    found = Found()
    assign(word, found)
    assert found.answer == "allow"


@pytest.mark.parametrize(
    "word",
    [
        "PYTHONPATH=../x",
        "PYTHONPATH=src:/tmp",
        "PAGER=./cat",
        "CC=./gcc",
        "PYTHONWARNINGS=error::evil.E",
        "NODE_OPTIONS=-r x",
    ],
)
def test_a_value_that_chooses_something_else_is_a_question(word):
    """The same names, with what a person would have to look at."""
    found = Found()
    assign(word, found)
    assert found.answer == "ask"


@pytest.mark.parametrize("name", ["LANG", "A", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "DEBUG", "XPATH"])
def test_an_ordinary_variable_is_none(name):
    """What people set all day."""
    found = Found()
    assign(f"{name}=x", found)
    assert found.answer == "allow"


@pytest.mark.parametrize("name", ["LD_ANYTHING", "DYLD_X", "GIT_CONFIG_KEY_0", "PIP_X", "npm_config_x"])
def test_a_family_counts_by_its_beginning(name):
    """Their names are made from settings, and cannot all be listed."""
    found = Found()
    assign(f"{name}=x", found)
    assert found.answer == "ask"


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("all", "allow"),
        ("PREFIX=out", "allow"),
        ("SHELL=./x", "ask"),
        ("CC:=x", "ask"),
        ("X=$(shell id)", "ask"),
        ("X=${shell id}", "ask"),
        (".SHELLFLAGS=x", "ask"),
    ],
)
def test_a_setting_of_make(word, answer):
    """A target is ordinary; which program runs is not make's caller's to say."""
    found = Found()
    setting(word, found)
    assert found.answer == answer
