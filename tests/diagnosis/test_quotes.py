"""What a tool quotes of another one's failure."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import diagnose_log, diagnose_text
from autoexec_magic.diagnosis.quotes import quoted_failures

LINE = (
    'fatal: [web]: FAILED! => {"changed": true, "msg": "non-zero return code", "rc": 127, '
    '"stderr": "/bin/sh: 1: frobnicate: not found", "stdout": ""}'
)


def test_the_root_is_what_the_inner_program_wrote():
    """Ansible's own line is a frame around it."""
    assert diagnose_text(LINE).code == "command-not-found"


def test_what_was_ignored_on_purpose_is_not_the_root():
    """The play went on behind it."""
    later = 'fatal: [web]: FAILED! => {"msg": "x", "stderr": "cat: a.txt: No such file or directory"}'
    text = f"{LINE}\n...ignoring\n\nTASK [b]\n{later}\n"
    assert [each.code for each in diagnose_log(text)] == ["file-not-found"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "FAILED! => {",
        'fatal: [a]: FAILED! => {"msg": "',
        'fatal: [a]: FAILED! => {"stderr": "' + "\\\\" * 4000,
        'fatal: [a]: FAILED! => {"stderr": 5, "msg": null}',
    ],
)
def test_what_is_cut_or_odd_is_nobodys_word(line):
    """It is data from outside."""
    assert quoted_failures(line) == [] or all(isinstance(each, str) for each in quoted_failures(line))
    assert diagnose_log(line) == ()
