"""A package by name is ordinary; one from anywhere else is a question."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy import packages
from autoexec_magic.executor.policy.found import Found


@pytest.mark.parametrize(
    ("kind", "word", "answer"),
    [
        (packages.package, "numpy", "allow"),
        (packages.package, "scikit-learn==1.4.2", "allow"),
        (packages.package, "pandas>=2,<3", "allow"),
        (packages.package, "uvicorn[standard]~=0.30", "allow"),
        (packages.package, "black@24.1.0", "allow"),
        (packages.package, "tomli; python_version < '3.11'", "allow"),
        (packages.package, ".", "allow"),
        (packages.package, ".[test]", "allow"),
        (packages.package, "./dist/a.whl", "allow"),
        (packages.package, "../a", "ask"),
        (packages.package, "/tmp/a.whl", "ask"),
        (packages.package, "~/a", "ask"),
        (packages.package, "git+https://e.org/a", "ask"),
        (packages.package, "a @ https://e.org/a.whl", "ask"),
        (packages.package, "https://e.org/a.whl", "ask"),
        (packages.package, "a b", "ask"),
        (packages.package, "", "ask"),
        (packages.channel, "conda-forge", "allow"),
        (packages.channel, "https://e.org/c", "ask"),
        (packages.listing, "requirements.txt", "allow"),
        (packages.listing, "https://e.org/r.txt", "ask"),
        (packages.module_spec, "@types/node@20", "allow"),
        (packages.module_spec, "lodash@^4.17.0", "allow"),
        (packages.module_spec, "owner/repository", "ask"),
        (packages.module_spec, "a@npm:b", "ask"),
        (packages.module_spec, "github:a/b", "ask"),
        (packages.go_package, "./...", "allow"),
        (packages.go_package, "example.org/a@latest", "allow"),
        (packages.go_package, "a b", "ask"),
    ],
)
def test_where_a_package_comes_from_decides(kind, word, answer):
    """A name comes from the configured index, and nowhere else."""
    found = Found()
    kind(word, found)
    assert found.answer == answer, found.why


def test_what_lies_here_is_read_and_run():
    """A local package runs its build code."""
    found = Found()
    packages.package(".[test]", found)
    assert (found.reads, found.code) == (["."], True)
