"""Reads the labelled failures, and diagnoses each the way the product would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autoexec_magic.diagnosis import deciding_in_log, diagnose_outcome
from autoexec_magic.values import Diagnosis, Outcome

FOLDER = Path(__file__).parent / "data" / "labelled"
CAPTURED = Path(__file__).parent / "data" / "failures"


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One failure, and the codes that name its root cause, the best first."""

    name: str
    family: str
    labels: tuple[str, ...]
    language: str = ""
    returncode: int | None = None
    stdout: str = ""
    stderr: str = ""
    cells: tuple[dict[str, str], ...] = ()
    runs: tuple[object, ...] = ()


def labelled(name: str) -> list[Labelled]:
    """Return a set, in the order of its files' names.

    `ours` is what the tables were written with. `seen` are independent failures
    that were looked at after they had been run once (`a-` to `d-`, and of `e-`
    and `f-` those with an odd number), and `unseen` those that nobody looked at
    who writes the tables (`e-` and `f-` with an even number).
    """
    if name == "ours":
        return list(_captured())
    cases = []
    for path in sorted((FOLDER / "independent").glob("*.json")):
        is_unseen = path.name[0] in "ef" and int(path.name[2:5]) % 2 == 0
        if is_unseen != (name == "unseen"):
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        fields = {key: record[key] for key in ("language", "returncode", "stdout", "stderr") if key in record}
        cases.append(
            Labelled(
                name=path.stem,
                family=record["family"],
                labels=tuple(record["labels"]),
                cells=tuple(record.get("cells", ())),
                runs=tuple(record.get("runs", ())),
                **fields,
            )
        )
    return cases


def _captured() -> Iterator[Labelled]:
    for path in sorted(CAPTURED.rglob("*.txt")):
        family = path.relative_to(CAPTURED).parts[0]
        text = path.read_text(encoding="utf-8")
        language = "python" if family in ("python", "several") else "bash"
        labels = (path.name.split(".")[0],)
        yield Labelled(
            name=path.stem, family=family, labels=labels, language=language, returncode=1, stderr=text
        )


def diagnosed(case: Labelled) -> Diagnosis | None:
    """Return what the product says of a failure."""
    if case.runs:
        return _in_notebook(case)
    if case.returncode is None:
        return deciding_in_log(case.stderr)
    outcome = Outcome(
        argv=("tool",),
        returncode=case.returncode,
        ended="exited",
        seconds=1.0,
        stdout=case.stdout,
        stderr=case.stderr,
    )
    return diagnose_outcome(outcome, language=case.language or "shell")


def _in_notebook(case: Labelled) -> Diagnosis | None:
    """Run the cells anew, in a real shell of their own."""
    asked = json.dumps({"cells": case.cells, "runs": case.runs})
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("replay.py"))],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    record = json.loads(done.stdout.splitlines()[-1])
    return record and Diagnosis(code=record["code"], why=record["why"], confidence=record["confidence"])
