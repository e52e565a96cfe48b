"""What asks whether a task is well: chosen by what the image has, and really run."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from itertools import product

import pytest
from deployer.aws.balancer import reached
from deployer.aws.made import release

from autoexec_magic.deployer.aws.inside import PROGRAMS, UNKNOWN, Inside
from autoexec_magic.deployer.aws.probes import check_of, known_probe, note_of, noted, probe_of
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Gate

OWN = ("CMD", "/app/well")
BARE = Inside(programs=frozenset())
SH, PYTHON = Inside(programs=frozenset({"sh", "wget"})), Inside(programs=frozenset({"python3"}))
ALL = Inside(programs=frozenset(PROGRAMS))
HEALTHY = Inside(healthcheck=OWN, programs=frozenset())


def spec(**changes):
    return release(port=8080, **changes).spec


@pytest.mark.parametrize(
    ("gate", "inside", "has_balancer", "begins", "by"),
    [
        (Gate(command=("well",)), HEALTHY, True, ("CMD", "well"), "health-command"),
        (Gate(path="/x"), UNKNOWN, False, ("CMD-SHELL",), "curl, wget, python3"),
        (Gate(path="/x"), SH, True, ("CMD-SHELL",), "at /x"),
        (Gate(path="/x"), PYTHON, False, ("CMD", "python3"), "python3"),
        (Gate(path="/x"), HEALTHY, True, OWN, "and not at /x"),
        (Gate(path="/x"), BARE, True, (), "load balancer, and not at /x"),
        (Gate(), Inside(healthcheck=OWN), True, OWN, "own HEALTHCHECK"),
        (Gate(), UNKNOWN, True, (), "load balancer alone"),
        (Gate(), UNKNOWN, False, ("CMD-SHELL",), "port 8080"),
        (Gate(), PYTHON, False, ("CMD", "python3"), "port 8080"),
        (Gate(), SH, True, (), "load balancer"),
    ],
)
def test_what_asks_is_chosen_by_what_is_there(gate, inside, has_balancer, begins, by):
    """The gate's question first; then who can ask it; each is said."""
    found = probe_of(spec(gate=gate), has_balancer=has_balancer, inside=inside)
    assert found.command[: len(begins)] == begins
    assert bool(found.command) == bool(begins)
    assert by in found.by


@pytest.mark.parametrize(
    ("gate", "inside", "has_balancer", "is_known"),
    [
        (Gate(command=("well",)), UNKNOWN, False, True),
        (Gate(path="/x"), HEALTHY, True, False),
        (Gate(), UNKNOWN, False, False),
        (Gate(), Inside(healthcheck=OWN), False, True),
        (Gate(), UNKNOWN, True, True),
    ],
)
def test_what_asks_whichever_programs_there_are_is_known_before(gate, inside, has_balancer, is_known):
    """And is then what any programs would give; else some programs give another."""
    made = spec(gate=gate)
    found = known_probe(made, has_balancer=has_balancer, inside=inside)
    assert (found is not None) == is_known
    given = {
        probe_of(
            made, has_balancer=has_balancer, inside=dataclasses.replace(inside, programs=each.programs)
        ).command
        for each in (UNKNOWN, ALL, PYTHON)
    }
    assert (len(given) == 1) == is_known
    assert found is None or given == {found.command}


def test_an_image_that_nothing_can_ask_is_refused_before_it_runs():
    """With the three ways out; one without a port is well while it runs."""
    with pytest.raises(UsageError, match="can ask for /x") as caught:
        probe_of(spec(gate=Gate(path="/x")), inside=BARE)
    assert all(word in caught.value.fix for word in ("health-command", "HEALTHCHECK", "target-group"))
    assert check_of(release().spec, probe_of(release().spec)) is None


@pytest.mark.parametrize("gate", [Gate(command=("a b", "'c'")), Gate(path="/x?y='z'"), Gate()])
def test_what_is_noted_is_read_again(gate):
    """As it was, whatever signs are in it."""
    made = probe_of(spec(gate=gate))
    assert noted({"dockerLabels": {"AUTOEXEC_HEALTH": note_of(made)}}).command == made.command
    assert noted({}).command == ()
    assert noted({"dockerLabels": {"AUTOEXEC_HEALTH": "'"}}).command == ()


def shelled(folder, gate, port, names):
    """Run a health check's line with these programs alone, and return its exit code."""
    folder.mkdir()
    for name in names:
        program = sys.executable if name == "python3" else shutil.which(name)
        (folder / name).write_text(f'#!/bin/sh\nexec "{program}" "$@"\n')
        (folder / name).chmod(0o755)
    words = probe_of(release(port=port, gate=gate).spec).command
    line = subprocess.run(
        [shutil.which("sh"), "-c", words[1]], env={"PATH": str(folder)}, capture_output=True, timeout=100
    )
    return line.returncode


PATH = Gate(path="/health?a='b'", answer_seconds=30, successes=2)
ANY = Gate(answer_seconds=30, successes=2)


ASKERS = [*product([PATH], ["curl", "wget", "python3"]), *product([ANY], ["python3", "nc", "bash", "curl"])]


@pytest.mark.parametrize(("gate", "name"), [each for each in ASKERS if shutil.which(each[1])])
def test_each_program_tells_well_from_unwell(tmp_path, gate, name):
    """Really asked: 200 is well; 503, where a path is asked for, and nobody at the port are not."""
    status, asked = [200], []

    def answer(path):
        asked.append(path)
        return status[0], b""

    with reached(answer) as at:
        port = int(at.rpartition(":")[2])
        assert shelled(tmp_path / "1", gate, port, [name]) == 0
        assert not gate.path or asked == [gate.path] * 2
        status[0] = 503
        assert (shelled(tmp_path / "2", gate, port, [name]) != 0) == bool(gate.path)
    assert shelled(tmp_path / "3", gate, port, [name]) != 0


@pytest.mark.parametrize("name", [each for each in ("curl", "wget", "python3") if shutil.which(each)])
def test_one_good_answer_in_two_is_not_well(tmp_path, name):
    """One check asks as often as it has to be well: ECS itself would believe the first good answer."""
    asked = []

    def answer(path):
        asked.append(path)
        return 200 if len(asked) % 2 else 503, b""

    with reached(answer) as at:
        assert shelled(tmp_path / "flaps", PATH, int(at.rpartition(":")[2]), [name]) != 0
        assert len(asked) >= 2


@pytest.mark.parametrize(
    ("gate", "asks", "seconds"),
    [
        (Gate(successes=3, answer_seconds=2), 3, 6),
        (Gate(successes=1, answer_seconds=2), 1, 2),
        (Gate(successes=0, answer_seconds=0.5), 1, 2),
        (Gate(successes=4, answer_seconds=0.5), 4, 4),
        (Gate(successes=1000, answer_seconds=0.1), 60, 60),
        (Gate(successes=3, answer_seconds=25), 2, 50),
        (Gate(successes=3, answer_seconds=300), 1, 60),
    ],
)
def test_a_check_has_time_for_all_its_asks(gate, asks, seconds):
    """As many as fit into the longest check that ECS allows."""
    made = spec(gate=dataclasses.replace(gate, path="/x"))
    probe = probe_of(made, inside=PYTHON)
    assert f"range({asks})" in probe.command[3]
    assert check_of(made, probe)["timeout"] == seconds


@pytest.mark.parametrize(("gate", "inside"), [(Gate(command=("well",)), UNKNOWN), (Gate(path="/x"), HEALTHY)])
def test_a_check_of_somebody_elses_is_run_once(gate, inside):
    """Its time is that of one answer, however often it has to be well."""
    made = spec(gate=dataclasses.replace(gate, answer_seconds=5, successes=3))
    assert check_of(made, probe_of(made, inside=inside))["timeout"] == 5


def test_without_any_program_it_is_unwell(tmp_path):
    """And never well by mistake."""
    assert shelled(tmp_path / "none", PATH, 1, []) == 1
    assert {"sh", "curl", "wget", "python3", "nc", "bash"} == set(PROGRAMS)
