"""What a person must see before a patch runs."""

from __future__ import annotations

import contextlib

import pytest

from autoexec_magic.orchestrator.fixers.doubts import doubts
from autoexec_magic.orchestrator.fixers.patch import BadPatch

BEFORE = """import json
import os
import numpy as np

def total(items):
    assert items, "nothing"
    return sum(item["price"] for item in items)

with open("in.json") as file:
    items = json.load(file)
print(lenght(items))
print(total(items), np.mean([1, 2]))
with open("out.json", "w") as file:
    json.dump(items, file)
"""
FAILED = "print(lenght(items))"


def changed(old: str, new: str) -> str:
    assert old in BEFORE
    return BEFORE.replace(old, new)


FINE = {
    "typo": changed("lenght", "len"),
    "import-that-computes": "import math\n" + changed("lenght", "math.sqrt"),
    "from-import": "from collections import Counter\n" + changed("lenght", "Counter"),
    "library-already-there": changed("np.mean([1, 2])", "np.nanmean([1, 2])"),
    "reads-a-file": changed('open("in.json")', 'open("in.json", encoding="utf-8", mode="r")'),
    "os-path": changed("lenght(items)", 'os.path.exists("a")'),
    "function": "def lenght(x):\n    return len(x)\n" + BEFORE,
    "condition": changed(FAILED, "if items:\n    print(len(items))"),
    "narrower": changed('item["price"]', 'item.get("price", 0)'),
    "raises-again": changed(
        FAILED, "try:\n    print(len(items))\nexcept TypeError as error:\n    raise ValueError from error"
    ),
}
DOUBTFUL = {
    "process": (changed(FAILED, 'os.system("rm -rf ~")'), "uses os.system('rm -rf ~')"),
    "process-unnamed": (changed(FAILED, "run = os.system"), "uses os.system"),
    "module-passed-on": (changed(FAILED, "x = os"), "uses os"),
    "subprocess": ("import subprocess\n" + BEFORE, "imports subprocess"),
    "from-os": ("from os import system\n" + BEFORE, "imports os.system"),
    "from-os-all": ("from os import *\n" + BEFORE, "imports os.*"),
    "network": ("import urllib.request\n" + BEFORE, "imports urllib.request"),
    "unknown-library": ("import leftpad\n" + BEFORE, "imports leftpad"),
    "eval": (changed(FAILED, 'eval("1")'), "uses eval('1')"),
    "dunder-import": (changed(FAILED, '__import__("os")'), "uses __import__('os')"),
    "getattr": (changed(FAILED, 'getattr(os, "sys" + "tem")("x")'), "uses getattr(os, 'sys' + 'tem')"),
    "class-walk": (changed(FAILED, "().__class__.__base__"), "uses ().__class__"),
    "writes-new": (changed(FAILED, 'open("x", "w")'), "uses open('x', 'w')"),
    "writes-elsewhere": (changed('"out.json"', '"/etc/passwd"'), "uses open('/etc/passwd', 'w')"),
    "writes-by-mode": (changed(FAILED, "open('x', mode=m)"), "uses open('x', mode=m)"),
    "writes-by-method": (changed(FAILED, "path.write_text('x')"), "uses path.write_text('x')"),
    "deletes": (changed(FAILED, "os.remove('x')"), "uses os.remove('x')"),
    "environment": (changed(FAILED, "print(os.environ)"), "uses os.environ"),
    "pass": (
        changed(FAILED, "try:\n    print(lenght(items))\nexcept Exception:\n    pass"),
        "swallows an error: except Exception: pass",
    ),
    "bare": (
        changed(FAILED, "try:\n    print(lenght(items))\nexcept:\n    print('!')"),
        "swallows an error: except: print('!')",
    ),
    "exit": (changed(FAILED, "exit(0)"), "ends early: exit(0)"),
    "sys-exit": ("import sys\n" + changed(FAILED, "sys.exit(0)"), "ends early: sys.exit(0)"),
    "system-exit": (changed(FAILED, "raise SystemExit(0)"), "ends early: SystemExit(0)"),
    "os-exit": (changed(FAILED, "os._exit(0)"), "ends early: os._exit(0)"),
    "return": (changed("    assert items", "    return 0\n    assert items"), "returns early: return 0"),
    "no-assert": (changed('    assert items, "nothing"\n', ""), "takes out a check: assert items, 'nothing'"),
    "other-assert": (changed("assert items,", "assert True,"), "takes out a check: assert items, 'nothing'"),
    "if-false": (
        changed(FAILED, f"if False:\n    {FAILED}"),
        "keeps from running: if False: print(lenght(items))",
    ),
    "line-gone": (changed(f"{FAILED}\n", ""), "takes out the line that failed"),
    "line-commented": (changed(FAILED, f"# {FAILED}"), "takes out the line that failed"),
    "most-gone": ("import json\nprint(1)\n", "takes out most of the source (11 of 12 lines)"),
    "nothing-left": ("pass\n", "leaves nothing that runs"),
    "shadowed": ("def print(*a): ...\n" + BEFORE, "gives print another meaning"),
    "rebound": ("AssertionError = ValueError\n" + BEFORE, "gives AssertionError another meaning"),
    "suppress": (
        "from contextlib import suppress\n" + changed(FAILED, f"with suppress(Exception):\n    {FAILED}"),
        "swallows an error: suppress(Exception)",
    ),
    "ignore-warnings": ("import warnings\n" + BEFORE, "imports warnings"),
}


@pytest.mark.parametrize("after", FINE.values(), ids=FINE)
def test_what_only_mends_raises_no_doubt(after):
    """What computes, reads what was read, or uses what was used before."""
    assert doubts(BEFORE, after, failed=FAILED) == ()


@pytest.mark.parametrize(("after", "said"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_reaches_further_or_hides_the_failure_is_named(after, said):
    """Each in the words of the source, so that a person sees what it is."""
    assert said in doubts(BEFORE, after, failed=FAILED)


def test_what_was_there_before_raises_no_doubt():
    """A script that starts programs and swallows errors may go on to do exactly that."""
    before = "import subprocess\ntry:\n    subprocess.run(['ls'])\nexcept OSError:\n    pass\npritn(1)\n"
    assert doubts(before, before.replace("pritn", "print"), failed="pritn(1)") == ()
    assert doubts(before, before.replace("'ls'", "'rm'")) == ("uses subprocess.run(['rm'])",)


def test_what_does_not_parse_is_no_patch():
    """A source with a syntax error may be mended; what comes of a patch must be Python."""
    assert doubts("print(1", "print(1)\n") == ()
    with pytest.raises(BadPatch, match="no Python"):
        doubts("print(1)", "print(1")


def test_a_mark_of_the_byte_order_is_no_fault():
    """A file may begin with one, and Python takes it."""
    assert doubts("\ufeffpritn(1)\n", "\ufeffprint(1)\n") == ()


def test_of_other_languages_nobody_can_tell():
    """So a patch of one is never applied without a person."""
    assert doubts("ecoh 1\n", "echo 1\n", language="bash") == (
        "nobody can tell beforehand what it adds to a script in bash",
    )


@pytest.mark.parametrize(
    "source", ["(" * 3000 + ")" * 3000, "x" + ".a" * 5000, "-" * 20000 + "1", "\0", "x = '''"]
)
def test_no_source_breaks_the_judge(source):
    """Too deep, not a text: it is no Python, or it is a doubt."""
    with contextlib.suppress(BadPatch):
        doubts("a = 1\n", source)


@pytest.mark.parametrize(
    "line",
    [
        'np.memmap("a", mode="w+", shape=1)',
        "items.eval('@np.lib.npyio.os.system(1)')",
        "items.query('@np.lib.npyio.os.system(1)')",
        'np.read_pickle("a")',
        'np.ExcelWriter("a")',
        'np.read_sql("drop table x", items)',
    ],
)
def test_what_libraries_write_and_run_is_seen(line):
    """A text that pandas evaluates reaches any module; a pickle is a program."""
    assert doubts(BEFORE, changed(FAILED, line), failed=FAILED)
