"""What a project may ask an index for: by name, or a wheel at an address; nothing that runs at once."""

from __future__ import annotations

import pytest

from autoexec_magic.builder import requirements
from autoexec_magic.errors import BuildError

ZERO = "0" * 64


@pytest.mark.parametrize(
    "line",
    [
        "pear",
        "pear[leaf] >= 1, < 2; python_version > '3.9'",
        f"pear==1 --hash=sha256:{ZERO} --hash=sha256:{ZERO}",
        "pear @ https://pears.example/f/pear-1-py3-none-any.whl#sha256=00",
    ],
)
def test_what_may_be_asked_for_is_left_as_it_is(line):
    """Names, extras, markers, hashes, and the address of a wheel."""
    assert requirements.checked([line]) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "-e .",
        "-r other.txt",
        "--index-url https://evil.example/simple",
        "--find-links /home/someone",
        ".",
        "./pear",
        "/home/someone/pear-1-py3-none-any.whl",
        "file:///home/someone/pear-1-py3-none-any.whl",
        "pear @ file:///home/someone/pear-1-py3-none-any.whl",
        "pear @ ./pear-1-py3-none-any.whl",
        "pear @ git+https://evil.example/pear.git",
        "pear @ git+https://evil.example/pear.whl",
        "pear @ https://evil.example/pear-1.tar.gz",
        "pear @ https://evil.example/pear-1.tar.gz#x.whl",
        "git+https://evil.example/pear.git",
        "https://evil.example/pear-1.tar.gz",
        "pear\n-e .",
        "pear\r-e .",
        "pear\x00",
        "pear --hash=md5:00",
        f"pear --hash=sha256:{ZERO} -e .",
        "pear --config-settings x=y",
        "pear @ https://evil.example/${UV_DEFAULT_INDEX}/pear-1-py3-none-any.whl",
        "",
        "pear[" + "a," * 4000 + "a]",
    ],
)
def test_what_would_run_or_read_at_once_is_refused(line):
    """Options, paths, repositories, source at an address, more than a line, and variables of ours."""
    with pytest.raises(BuildError) as refused:
        requirements.checked(["plum", line])
    assert refused.value.why
    assert refused.value.fix


def test_there_may_not_be_any_number_of_them():
    """A backend's answer may be of any length."""
    with pytest.raises(BuildError, match="too much"):
        requirements.checked(["pear"] * (requirements.MOST + 1))
