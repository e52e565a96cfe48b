"""How `xargs` takes its input apart, where it can be said."""

from __future__ import annotations

import shlex

import pytest

from autoexec_magic.executor.policy.xargs import Terms, terms_of

LS = ("ls", "-l")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("xargs", Terms()),
        ("xargs ls -l", Terms(command=LS)),
        ("xargs -- ls -l", Terms(command=LS)),
        ("xargs -0r ls -l", Terms(command=LS, is_null=True)),
        ("xargs -0 -P 4 -n1 ls -l", Terms(command=LS, is_null=True, most=1)),
        ("xargs --max-args=2 --null ls -l", Terms(command=LS, is_null=True, most=2)),
        ("xargs -d '\\n' ls -l", Terms(command=LS, is_lines=True)),
        ("xargs -I% ls -l", Terms(command=LS, place="%")),
        ("xargs -I {} ls -l", Terms(command=LS, place="{}")),
        ("xargs -0I{} ls -l", Terms(command=LS, place="{}", is_null=True)),
        ("xargs -i ls -l", Terms(command=LS, place="{}")),
        ("xargs -i% ls -l", Terms(command=LS, place="%")),
        ("xargs --replace ls -l", Terms(command=LS, place="{}")),
        ("xargs --replace=% ls -l", Terms(command=LS, place="%")),
        *((f"xargs {options} ls -l", None) for options in ("-d x", "-0d,", "-E x", "-L1", "-l", "-s 9")),
        *(
            (f"xargs {options} ls -l", None)
            for options in ("-a f", "-n x", "-n1 -I%", "--max-a=1", "--null=x")
        ),
        ("xargs -n", None),
    ],
)
def test_what_xargs_is_told(text, terms):
    """One option that is not known here is one too many."""
    assert terms_of(shlex.split(text)) == terms
