"""Notebooks of many styles, built in the cage and run as apps are: each answers as its kernel would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import benches
import pytest

from autoexec_magic import api, builder
from autoexec_magic.builder import app
from autoexec_magic.errors import BuildError, UsageError
from autoexec_magic.executor import cage

pytestmark = pytest.mark.skipif(not cage.can_be_had("workspace", Path.cwd()), reason="there is no cage here")
HANDLER = "def handler(event, context):\n    return answer(event)"
ANSWER = "def answer(event):\n    return event['n'] * 2"

#: name -> the cells of a notebook, whose handler answers {"n": 3} with 6, or with what stands behind
STYLES = {
    "plain": (ANSWER, HANDLER),
    "defined-later": (HANDLER, ANSWER),
    "text-between": ("#md# One", ANSWER, "#md# Two\n\n```python\nx = (\n```", HANDLER),
    "magics": (
        "%load_ext autoexec_magic\n%matplotlib inline\n!echo hi",
        "%%time\n" + ANSWER,
        "%%bash\nls",
        HANDLER,
    ),
    "marked-cells": (
        "%%autoexec\nimport math\nTWO = 2",
        "def answer(event):\n    return event['n'] * TWO",
        HANDLER,
    ),
    "shown": (ANSWER, "answer", "answer({'n': 1})", "len('x'), [1]", HANDLER, "handler"),
    "by-tag": (("broken = (", "draft"), (ANSWER, "app"), "1 / 0", (HANDLER, "app")),
    "skip-and-test": (ANSWER, ("1 / 0", "skip"), ("assert answer({'n': 1}) == 3", "test"), HANDLER),
    "tests-in-cells": (ANSWER, "import unittest\nclass TestIt(unittest.TestCase):\n    pass", HANDLER),
    "parameters": (
        ("FACTOR = 2", "parameters"),
        "def answer(event):\n    return event['n'] * FACTOR",
        HANDLER,
    ),
    "classes": (
        "from dataclasses import dataclass, field",
        "@dataclass\nclass Model:\n    by: int = 2\n    seen: list = field(default_factory=list)\n\n"
        "    def __call__(self, n):\n        self.seen.append(n)\n        return n * self.by",
        "model = Model()\nmodel",
        "def answer(event):\n    return model(event['n'])",
        HANDLER,
    ),
    "decorators": (
        "import functools\n\ndef twice(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n        return 2 * f(*a, **k)\n"
        "    return inner",
        "@twice\n@functools.lru_cache(maxsize=None)\ndef times(n):\n    return n",
        "def answer(event):\n    return times(event['n'])",
        HANDLER,
    ),
    "async-handler": (
        "import asyncio",
        "async def handler(event, context):\n    await asyncio.sleep(0)\n    return event['n'] * 2",
    ),
    "comprehensions": (
        "table = {n: [m for m in range(n) if (k := m)] for n in range(5)}",
        "def answer(event):\n    return sum(1 for _ in table[event['n']]) * 3",
        HANDLER,
    ),
    "globals-set-by-a-call": (
        "def load():\n    global factor\n    factor = 2",
        "load()\nprint('factor', factor)",
        "def answer(event):\n    return event['n'] * factor",
        HANDLER,
    ),
    "guarded-import": (
        "try:\n    import ujson_that_is_not_there as json\nexcept ImportError:\n    import json",
        "def answer(event):\n    return json.loads('2') * event['n']",
        HANDLER,
    ),
    "main-block": (
        ANSWER,
        HANDLER,
        "if __name__ == '__main__':\n    print(handler({'n': 1}, None), undefined_here if 0 else '')",
    ),
    "star-import": ("from operator import *", "def answer(event):\n    return mul(event['n'], 2)", HANDLER),
    "future": (
        "x: int = 1",
        "from __future__ import annotations\ndef answer(event: Nowhere) -> Nothing:\n    return event['n'] * 2",
        HANDLER,
    ),
    "unicode": (
        "größe = 2\n# π ≈ 3\nтекст = '✓ \\u2028'",
        "def answer(event):\n    return event['n'] * größe",
        HANDLER,
    ),
    "one-line": ("import os; two = 2; import sys", "def answer(e): return e['n'] * two", HANDLER),
    "docstrings": ('"""What this does."""\n' + ANSWER, HANDLER, '"""done"""'),
    "old-lambda": ("answer = lambda e: e['n'] * 2", "handler = lambda event, context: answer(event)"),
    "rebound": ("n = 1", "n = n + 1", "def answer(event, n=n):\n    return event['n'] * n", HANDLER),
    "walrus-and-match": (
        "def answer(event):\n    match event:\n        case {'n': int(n)} if (d := n * 2):\n            return d",
        HANDLER,
    ),
    "empty-cells": ("", "\n\n", "# a comment alone", ANSWER, "", HANDLER),
    "windows": (ANSWER.replace("\n", "\r\n"), HANDLER.replace("\n", "\r\n")),
    "indented": ("    two = 2\n    three = 3", "def answer(e):\n    return e['n'] * two", HANDLER),
    "context-managers": (
        "import contextlib\n\n@contextlib.contextmanager\ndef opened():\n    yield 2",
        "with opened() as two:\n    pass",
        "def answer(event):\n    return event['n'] * two",
        HANDLER,
    ),
    "errors": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    print(error)\nelse:\n    pass\nfinally:\n    two = 2",
        "def answer(event):\n    return event['n'] * two",
        HANDLER,
    ),
    "multi-line-strings": ('text = """\n%not magic\n!nor this\n# cell 9\n"""', ANSWER, HANDLER),
    "generators": (
        "def numbers():\n    yield from (1, 2)",
        "def answer(e):\n    return e['n'] * max(numbers())",
        HANDLER,
    ),
}


def answered(folder, module="model", event=None):
    """Return what an app's handler answers."""
    ended = subprocess.run(
        [sys.executable, "-m", module],
        cwd=folder,
        input=json.dumps(event or {"n": 3}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize("style", STYLES)
def test_a_notebook_of_any_style_becomes_an_app_that_answers(style, built):
    """Built, imported alone, and called."""
    artifact = built(*STYLES[style])
    assert answered(artifact.reference) == 6


def test_a_notebook_of_format_4_0_becomes_one(built):
    """Without ids."""
    artifact = built(ANSWER, HANDLER, minor=0)
    assert answered(artifact.reference) == 6
    assert '"id"' not in (Path(artifact.reference) / "cells.json").read_text()


def test_files_beside_it_are_there(built, note):
    """With what they import."""
    folder = note("x = 1").parent
    (folder / "tools.py").write_text("from deeper.two import TWO\n")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "two.py").write_text("TWO = 2\n")
    artifact = built("from tools import *", "def answer(e):\n    return e['n'] * TWO", HANDLER)
    assert answered(artifact.reference) == 6


def test_a_plan_writes_nothing_and_says_what_would_be(note, tmp_path):
    """Inputs by digest, the command, the folder, and who it is of."""
    path = note(ANSWER, HANDLER)
    source = builder.source_of(path, path.parent)
    plan = app.plan(source, benches.bench(tmp_path))
    assert os.listdir(path.parent) == ["model.ipynb"]
    assert [each.path for each in plan.inputs] == ["model.ipynb"]
    place = path.parent / "dist" / "model"
    assert plan.outputs[0] == str(place)
    assert str(place / "model" / "__init__.py") in plan.outputs
    assert "def handler" in plan.written["model/__init__.py"]
    assert plan.labels["shape"] == "handler"
    assert plan.commands
    assert plan.version == plan.inputs_digest[7:19]


def test_the_digest_is_of_what_was_made(built):
    """The same again is the same; another line is another."""
    first = built(ANSWER, HANDLER)
    assert built(ANSWER, HANDLER).digest == first.digest
    other = built(ANSWER + "  # more", HANDLER)
    assert other.digest != first.digest
    assert other.inputs_digest != first.inputs_digest
    said = json.loads((Path(other.reference) / "autoexec-app.json").read_text())
    assert said["inputs_digest"] == other.inputs_digest


def test_only_a_notebook_fits(note, tmp_path):
    """A folder of notebooks is not built unasked."""
    path = note(ANSWER)
    assert app.fits(path)
    assert not app.fits(path.parent)
    assert not app.fits(note("#md# words", name="words.ipynb"))
    assert not app.fits(tmp_path / "none.ipynb")


def test_the_only_notebook_of_a_folder_is_meant(note, tmp_path, monkeypatch):
    """Of several one has to be named."""
    folder = note(ANSWER, HANDLER).parent
    bench = benches.bench(tmp_path)
    assert app.plan(builder.source_of(folder, folder), bench).name == "model"
    note(ANSWER, name="other.ipynb")
    note(ANSWER, name="a note.ipynb")
    monkeypatch.chdir(folder.parent)
    with pytest.raises(UsageError, match="which notebook") as raised:
        app.plan(builder.source_of(folder, folder), bench)
    assert raised.value.fix == "%autoexec build app 'work/a note.ipynb'"
    (folder / "x.py").touch()
    with pytest.raises(BuildError, match="no notebook"):
        app.plan(builder.source_of(folder / "x.py", folder), bench)


def test_a_traceback_from_production_names_the_cell(built, monkeypatch):
    """The whole way: built, run, failed, diagnosed by whoever has the folder."""
    work = Path(
        built(
            "rates = {'a': 2}", "def answer(event):\n    # look it up\n    return rates[event['n']]", HANDLER
        ).reference
    ).parents[1]
    ended = subprocess.run(
        [sys.executable, "-m", "model"],
        cwd=work / "dist" / "model",
        input='{"n": "b"}',
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    log = "".join(f"2026-01-01T00:00:00Z web-1  | {line}\n" for line in ended.stderr.splitlines())
    (found,) = api.diagnose(log, near=work)
    assert found.where == "model.ipynb cell 2 line 3"
    assert found.frame.cell_id == "id-2"
    assert found.frame.line == 3
    monkeypatch.chdir(work.parent)
    (unknown,) = api.diagnose(log)
    assert unknown.where.endswith("model/__init__.py:12")


def test_a_log_of_a_web_framework_names_the_cell(built, note):
    """As uvicorn wrote it, of an app in a container."""
    text = (
        "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/health')\ndef health():\n    return {'ok': True}\n"
        "@app.get('/boom')\ndef boom():\n    return 1 / 0"
    )
    path = note(text, name="api.ipynb")
    from autoexec_magic.builder.app import notebook, placed
    from autoexec_magic.builder.app.project import project_of

    lock = f"uvicorn==1 --hash=sha256:{'0' * 64}\n"
    made = project_of(builder.source_of(path, path.parent), notebook.read(path), lock, "")
    with placed.written(made, path.parent / "dist" / "api") as folder:
        placed.put(folder, path.parent / "dist" / "api")
    log = (Path(__file__).parents[2] / "data" / "apps" / "uvicorn.txt").read_text("utf-8")
    (found,) = api.diagnose(log, near=path.parent)
    assert (found.code, found.where) == ("division-by-zero", "api.ipynb cell 1 line 8")
