"""What a script of `package.json` starts in the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.foreign.scripts import last_program, runs_node_tests


@pytest.mark.parametrize(
    ("script", "program"),
    [
        ("jest", "jest"),
        ("NODE_ENV=test npx jest --ci", "jest"),
        ("tsc && mocha 'test/**/*.js'", "mocha"),
        ("c8 ./node_modules/.bin/_mocha", "mocha"),
        ("node node_modules/vitest/vitest.mjs run", "vitest"),
        ("jest; eslint .", ""),
        ("jest | tee log", ""),
        ("jest > log", ""),
        ("npm run jest", ""),
        ("echo 'a && jest'", ""),
        ("node test.js", ""),
        ("jest 'unclosed", ""),
        ("", ""),
    ],
)
def test_who_gets_the_arguments_at_the_end(script, program):
    """The last command, if it is one that we know."""
    assert last_program(script) == program


@pytest.mark.parametrize(
    ("script", "does"),
    [
        ("node --test", True),
        ("eslint . && node --import tsx --test test/", True),
        ("node --test --test-reporter=spec", False),
        ("echo '--test it'", False),
        ("jest", False),
    ],
)
def test_whether_node_runs_tests(script, does):
    """With a reporter of the project's own it is left alone."""
    assert runs_node_tests(script) is does


@given(st.text())
def test_any_script_is_taken(script):
    """Nothing raises."""
    last_program(script)
    runs_node_tests(script)
