"""What apt, loaders, the C library and the kernel say."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_log, diagnose_outcome, diagnose_text
from autoexec_magic.diagnosis.sureness import earned


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("programs/package-not-found.apt", "apt-get update"),
        ("programs/no-candidate.apt", "apt-cache policy"),
        ("programs/lock-held.apt", "wait"),
        ("programs/permission-denied.apt", "sudo"),
        ("programs/version-not-found.apt", "apt-cache policy"),
        ("compilers/memory-corrupted.c", "-fsanitize=address"),
        ("compilers/uncaught-exception.cpp", "throws it"),
        ("compilers/assertion-failed.c", "does not hold"),
        ("compilers/shared-library-missing.c", "LD_LIBRARY_PATH"),
    ],
)
def test_a_captured_failure_is_explained(name, fix):
    """The system's own words are certain, if a code says as much."""
    seen = diagnose_text((FAILURES / f"{name}.txt").read_text(encoding="utf-8"))
    assert seen.code == name.partition("/")[2].partition(".")[0]
    assert seen.confidence == earned(seen.code, "certain")
    assert fix in seen.fix


def test_the_c_library_s_words_explain_the_abort():
    """SIGABRT is how it gives up, not why."""
    text = (FAILURES / "compilers" / "memory-corrupted.c.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(-6, text))
    assert (seen.code, seen.confidence) == ("memory-corrupted", "certain")
    assert diagnose_outcome(outcome(-6, "giving up\n")).code == "aborted"


def test_the_kernel_s_log_explains_a_kill():
    """`dmesg` says whose memory it took."""
    line = "[12.3] Out of memory: Killed process 4711 (python3) total-vm:1kB, anon-rss:1kB\n"
    assert diagnose_log(line)[0].code == "out-of-memory"
    assert diagnose_outcome(outcome(-9, line)).code == "out-of-memory"
    assert diagnose_outcome(outcome(-9, "")).code == "killed"


def test_a_library_that_is_too_old_is_told():
    """A build for a newer system names what it misses."""
    line = "./a: /lib/libc.so.6: version `GLIBC_2.38' not found (required by ./a)"
    assert diagnose_text(line).code == "library-too-old"


def test_a_sanitizer_names_the_place():
    """The first frame that has a source."""
    seen = diagnose_text((FAILURES / "compilers" / "memory-corrupted.asan.txt").read_text(encoding="utf-8"))
    assert seen.where.endswith(":2")
    assert "heap-buffer-overflow" in seen.why


def test_a_known_library_is_looked_up_in_our_table():
    """The loader names a file, the table a package."""
    line = "a: error while loading shared libraries: libGL.so.1: cannot open shared object file: No such file"
    assert "libgl1-mesa-dev" in diagnose_text(line).fix
