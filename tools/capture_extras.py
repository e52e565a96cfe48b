"""Provoke what libraries say when an optional part is missing, and write it down.

Run it with the interpreter of an environment that has the libraries and lacks
their extras; each line of tests/data/extras/provoke.txt runs in a process of
its own. What is there can be hidden by `HIDE(name)`. Prints one JSON object per
message, as in tests/data/extras/messages.jsonl, but for what it means.

    python tools/capture_extras.py [LIBRARY …]
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PROVOKE = Path(__file__).parents[1] / "tests" / "data" / "extras" / "provoke.txt"
DISTRIBUTIONS = {"sklearn": "scikit-learn"}
SECONDS = 120
CHILD = """
import io, json, sys, warnings
warnings.simplefilter("ignore")
class Hidden:
    def __init__(self, name):
        self.name = name
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
def HIDE(name):
    for key in [key for key in sys.modules if key.partition(".")[0] == name]:
        del sys.modules[key]
    sys.meta_path.insert(0, Hidden(name))
said = None
try:
    exec(sys.argv[1], {"HIDE": HIDE, "io": io, "XLSX": open("empty.xlsx", "rb").read()})
except BaseException as error:
    through, trace = {}, error.__traceback__.tb_next
    while trace is not None:
        through[(trace.tb_frame.f_globals.get("__name__") or "").partition(".")[0]] = None
        trace = trace.tb_next
    through = [name for name in through if name not in ("", "__main__")]
    said = {"type": type(error).__name__, "message": str(error)[:1500], "through": through}
print("@@" + json.dumps(said))
"""


def main() -> None:
    """Print what each line provokes, in order."""
    wanted = set(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        _files(Path(folder))
        for line in PROVOKE.read_text("utf-8").splitlines():
            if line.startswith("#"):
                continue
            library, _, code = line.split(" | ", 2)
            said = _said(code, folder) if not wanted or library in wanted else None
            if said is None:
                continue
            how = "import blocked" if "HIDE(" in code else "absent"
            row = {"library": library, "version": _version(library), **said, "how": how}
            print(json.dumps(row, ensure_ascii=False), flush=True)


def _files(folder: Path) -> None:
    """Write the few files that the code reads."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("xl/workbook.xml", "[Content_Types].xml"):
            archive.writestr(name, "<a/>")
    (folder / "empty.xlsx").write_bytes(buffer.getvalue())
    (folder / "e.csv").write_text("a\n1\n")
    for name in ("e.xls", "e.xlsb", "e.ods", "e.sav", "e.orc", "x.h5", "x.parquet"):
        (folder / name).write_bytes(b"PAR1PAR1" * 10)


def _said(code: str, folder: str) -> dict[str, object] | None:
    argv = [sys.executable, "-c", CHILD, code]
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    found = [line[2:] for line in done.stdout.splitlines() if line.startswith("@@")]
    answer: dict[str, object] | None = json.loads(found[-1]) if found else None
    return answer


def _version(library: str) -> str:
    return importlib.metadata.version(DISTRIBUTIONS.get(library, library))


if __name__ == "__main__":
    main()
