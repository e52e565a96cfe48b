"""What a build would do and what it made, as people and machines read it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from autoexec_magic.builder import BuildPlan, Input, Source
from autoexec_magic.events import Built, Stepped
from autoexec_magic.ui import artifacts
from autoexec_magic.values import Artifact

SOURCE = Source(path=Path("/p"), folder=Path("/p"), workspace=Path("/p"))
PLAN = BuildPlan(
    kind="wheel",
    name="pear",
    version="1.0",
    source=SOURCE,
    inputs=tuple(Input(path=f"f{at:02}", digest=f"{at:064x}", bytes=1024) for at in range(14)),
    commands=(("python", "-m", "build"),),
    outputs=("/p/dist/pear-1.0-py3-none-any.whl", "/q/x", "host/pear:1"),
    labels={"dirty": "true"},
    written={"Dockerfile": "FROM scratch\n" + "COPY a b\n" * 80},
    warnings=("the tree is dirty",),
)
MADE = Artifact(
    artifact="wheel",
    name="pear",
    version="1.0",
    reference="/p/dist/pear.whl",
    digest="sha256:" + "ab" * 32,
    bytes=2048,
    inputs_digest=PLAN.inputs_digest,
    beside=("/p/dist/pear.cdx.json",),
)


def test_a_plan_says_all_that_would_happen():
    """A long list of inputs is cut, and counted."""
    lines = "\n".join(artifacts.plan_lines(PLAN))
    assert "inputs: 14 files, 14.0 KiB, sha256:" in lines
    assert "… and 3 more" in lines
    assert "runs: python -m build" in lines
    assert "makes: dist/pear-1.0-py3-none-any.whl" in lines
    assert "label: dirty=true" in lines
    assert "makes: /q/x" in lines
    assert "makes: host/pear:1" in lines
    assert "! the tree is dirty" in lines


def test_a_text_that_is_written_for_it_is_shown():
    """The end of a long one is left out; what is made for the build is told from what is there."""
    lines = artifacts.plan_lines(PLAN)
    at = lines.index("  Dockerfile:")
    assert lines[at + 1 : at + 3] == ["    FROM scratch", "    COPY a b"]
    assert "    … and 22 lines more" in lines
    one = dataclasses.replace(PLAN, inputs=(Input(path="//made/Dockerfile", digest="a" * 64, bytes=1),))
    lines = artifacts.plan_lines(one)
    assert lines[1].startswith("  inputs: 1 file, ")
    assert lines[2].endswith("made/Dockerfile (made for it)")


def test_a_record_has_each_input():
    """Nothing is cut for machines."""
    record = artifacts.plan_record(PLAN)
    assert record["kind"] == "BuildPlan"
    assert len(record["inputs"]) == 14
    assert record["written"]["Dockerfile"].count("COPY") == 80
    assert record["inputs_digest"] == PLAN.inputs_digest


def test_events_are_a_line_each():
    """With what was in a cache, and what lies beside."""
    assert artifacts.built_lines(Stepped(phase="build", label="2/4 RUN x", seconds=1.26)) == [
        "  2/4 RUN x · 1.3 s"
    ]
    assert artifacts.built_lines(Stepped(phase="build", label="a", seconds=9, is_cached=True)) == [
        "  a · cached"
    ]
    lines = artifacts.built_lines(Built(artifact=MADE))
    assert lines[0].startswith("→ /p/dist/pear.whl · 2.0 KiB · sha256:abababababab")
    assert lines[1] == "  beside it: /p/dist/pear.cdx.json"


def test_what_was_said_is_not_said_again():
    """Neither a digest that stands in the reference, nor a warning that came before the build."""
    there = dataclasses.replace(MADE, reference=f"host/pear@{MADE.digest}", warnings=("one", "two"))
    lines = artifacts.artifact_lines(there, told={"one"})
    assert lines[0] == f"→ host/pear@{MADE.digest} · 2.0 KiB"
    assert lines[2:] == ["  ! two"]


def test_a_name_forges_no_line_of_a_plan():
    """Escapes, other directions of writing, line ends: a name is one word of its own line."""
    odd = "a\n  label: autoexec.dirty=false\x1b[2K\x1b]0;x\x07\u202egnp.\r\udcff"
    plan = dataclasses.replace(
        PLAN,
        name=odd,
        version=odd,
        inputs=(Input(path=odd, digest="a" * 64, bytes=1),),
        commands=((odd,),),
        outputs=(odd, f"/p/dist/{odd}"),
        labels={odd: odd},
        written={odd: "  FROM x\x1b[2K\u202e\u2028label: y"},
        warnings=(odd,),
    )
    lines = artifacts.plan_lines(plan)
    assert all(line.isprintable() for line in lines)
    "".join(lines).encode("utf-8")
    assert not any(line.lstrip().startswith("label: autoexec") for line in lines)
    assert len(lines) == len(artifacts.plan_lines(dataclasses.replace(plan, name="x", labels={"x": "y"})))
    assert "      FROM x" in lines
    made = dataclasses.replace(MADE, reference=odd, beside=(odd,), warnings=(odd,))
    told = [
        *artifacts.artifact_lines(made),
        *artifacts.built_lines(Stepped(phase="build", label=odd, seconds=1.0)),
    ]
    assert len(told) == 4
    assert all(line.isprintable() for line in told)


def test_a_plan_shows_no_secret(monkeypatch):
    """Neither to people nor to machines: a login in an address, a known shape, a variable's value."""
    monkeypatch.setenv("MY_TOKEN", "hunter2hunter2")
    said = "https://me:sesame1@host/x?token=abcdef1234 ghp_" + "a1B2" * 9 + " hunter2hunter2"
    plan = dataclasses.replace(
        PLAN, commands=((said,),), outputs=(said,), labels={"x": said}, written={"F": said}, warnings=(said,)
    )
    for shown in ("\n".join(artifacts.plan_lines(plan)), str(artifacts.plan_record(plan))):
        assert not any(secret in shown for secret in ("sesame1", "abcdef1234", "a1B2", "hunter2"))
        assert shown.count("***") >= 15


def test_what_lies_here_is_told_as_it_is_typed(tmp_path, monkeypatch):
    """A path below the working directory is relative; another one and a reference are as they are."""
    monkeypatch.chdir(tmp_path)
    here = dataclasses.replace(
        MADE, reference=str(tmp_path / "dist" / "pear"), beside=("/elsewhere/pear.json",)
    )
    assert artifacts.artifact_lines(here)[0].startswith("→ dist/pear · ")
    assert artifacts.artifact_lines(here)[1] == "  beside it: /elsewhere/pear.json"
    there = dataclasses.replace(MADE, reference="host/pear:1")
    assert artifacts.artifact_lines(there)[0].startswith("→ host/pear:1 · ")
