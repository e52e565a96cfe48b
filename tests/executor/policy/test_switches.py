"""Words that are no paths, but can make a program do something else."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy import switches
from autoexec_magic.executor.policy.found import Found


@pytest.mark.parametrize(
    ("kind", "word", "answer"),
    [
        (switches.git_key, "user.name=me", "allow"),
        (switches.git_key, "core.autocrlf", "allow"),
        (switches.git_key, "color.ui=always", "allow"),
        (switches.git_key, "core.pager=./x", "ask"),
        (switches.git_key, "CORE.PAGER", "ask"),
        (switches.git_key, "pager.log", "ask"),
        (switches.git_key, "diff.external", "ask"),
        (switches.git_key, "alias.x", "ask"),
        (switches.git_key, "include.path", "ask"),
        (switches.git_key, "gc.recentObjectsHook", "ask"),
        (switches.git_key, "url.x.insteadOf", "ask"),
        (switches.mount, "data:/data", "allow"),
        (switches.mount, "./a:/a", "allow"),
        (switches.mount, "/:/h", "refuse"),
        (switches.mount, "//:/h", "refuse"),
        (switches.mount, "/etc/passwd:/p:ro", "refuse"),
        (switches.mount, "type=bind,src=/,dst=/h", "refuse"),
        (switches.mount, "/var/run/docker.sock:/s", "refuse"),
        (switches.mode, "644", "allow"),
        (switches.mode, "0755", "allow"),
        (switches.mode, "u+rwX,go-w", "allow"),
        (switches.mode, "1777", "allow"),
        (switches.mode, "4755", "refuse"),
        (switches.mode, "02755", "refuse"),
        (switches.mode, "u+xs", "refuse"),
        (switches.mode, "go-w,u=s", "refuse"),
        (switches.pid, "4711", "ask"),
        (switches.pid, "-1", "refuse"),
        (switches.pid, "1", "refuse"),
        (switches.pid, "001", "refuse"),
        (switches.pid, "0", "refuse"),
        (switches.pid, "-4711", "ask"),
        (switches.pair, "bs=1M", "allow"),
        (switches.pair, "zap=1", "ask"),
        (switches.flag, "+UseG1GC", "allow"),
        (switches.flag, "OnError=id", "ask"),
        (switches.java_property, "x=y", "allow"),
        (switches.java_property, "java.security.manager=x", "ask"),
        (switches.cmake_set, "CMAKE_BUILD_TYPE=Release", "allow"),
        (switches.cmake_set, "CMAKE_C_COMPILER=./x", "ask"),
        (switches.resource, "pods", "allow"),
        (switches.resource, "pods,secrets", "ask"),
        (switches.resource, "Secret/x", "ask"),
        (switches.filters, "scale=320:-1", "allow"),
        (switches.filters, "movie=/etc/passwd", "ask"),
        (switches.built_in, "markdown+smart", "allow"),
        (switches.built_in, "./x.lua", "ask"),
        (switches.goal, "package", "allow"),
        (switches.goal, "deploy", "ask"),
        (switches.engine, "xelatex", "allow"),
        (switches.engine, "./xelatex", "ask"),
        (switches.clock, "+%F %T", "allow"),
        (switches.clock, "0102", "ask"),
        (switches.suffix, ".bak", "allow"),
        (switches.suffix, "/tmp/*", "ask"),
        (switches.plain, "a.b-c", "allow"),
        (switches.plain, "a;b", "ask"),
        (switches.ldflags, "-s -w", "allow"),
        (switches.ldflags, "-extld ./x", "ask"),
        (switches.define, "png:compression-level=9", "allow"),
        (switches.define, "delegate:x=y", "ask"),
        (switches.view, "jsonpath={.a}", "allow"),
        (switches.view, "go-template-file=/x", "ask"),
    ],
)
def test_a_switch_gets_its_answer(kind, word, answer):
    """Ordinary ones pass, those that reach further do not."""
    found = Found()
    kind(word, found)
    assert found.answer == answer, found.why
