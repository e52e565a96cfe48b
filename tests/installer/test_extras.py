"""What a library says is missing is recognised, and names nothing by itself."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from autoexec_magic.installer import extras

DATA = Path(__file__).parents[1] / "data" / "extras" / "messages.jsonl"
MESSAGES = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
FAULTS = {cls.__name__: cls for cls in (ImportError, ModuleNotFoundError, ValueError, RuntimeError)}


def raised(message: str, through=(), cls=ImportError):
    """Return an error that came through the code of these packages, outermost first."""
    code = "def run(rest):\n    if not rest:\n        raise fault\n    rest[0](rest[1:])\n"
    calls = []
    for name in through:
        names = {"__name__": f"{name}.inner", "fault": cls(message)}
        exec(compile(code, f"{name}.py", "exec"), names)
        calls.append(names["run"])
    try:
        if not calls:
            raise cls(message)
        calls[0](calls[1:])
    except cls as error:
        return error


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: f"{row['library']}-{'-'.join(row['modules'])}")
def test_what_a_library_really_says_is_recognised(row):
    """A captured message means the module that is missing, whatever kind of error it is."""
    found = extras.named(raised(row["message"], row["through"], FAULTS.get(row["type"], ImportError)))
    assert found is not None
    assert list(found.modules) == row["modules"]
    assert found.calls


def test_there_are_real_messages_enough():
    """At least 40 different ones were captured from installed libraries, and few are transcribed."""
    ways = Counter(row["how"] for row in MESSAGES)
    captured = {(row["library"], row["message"]) for row in MESSAGES if row["how"] != "transcribed"}
    assert len(captured) >= 150
    assert len({row["library"] for row in MESSAGES}) >= 17
    assert ways["transcribed"] <= 4
    assert set(ways) == {"absent", "import blocked", "transcribed"}


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: "-".join(row["modules"]))
def test_a_text_names_nothing(row):
    """Whatever name stands in the sentence, the module is one of the table's, or there is none."""
    message = row["message"]
    for module in row["modules"]:
        message = message.replace(module, "evilpackage")
    found = extras.named(raised(message, row["through"]))
    known = {module for rows in extras.table().values() for said in rows for module in said.modules}
    assert found is None or set(found.modules) <= known - {"evilpackage"}


@pytest.mark.parametrize(
    ("library", "sentence"),
    [
        ("pandas", "`Import {}` failed.  Use pip, conda, or your package tool to install the {} package."),
        ("pandas", "Missing optional dependency '{}'.  Use pip or conda to install {}."),
        ("polars", "required package '{}' not found.\nPlease install using the command `pip install {}`."),
        ("xarray", "No module named '{}'"),
        ("sqlalchemy", "Can't load plugin: sqlalchemy.dialects:{}"),
        ("fsspec", "Install {} to access S3"),
    ],
)
def test_a_sentence_with_an_unknown_name_means_nothing(library, sentence):
    """A name that looks like one of the table's, or holds one, is another name."""
    for name in ("evilpackage", "openpyx1", "xopenpyxl", "netCDF4x", "s3fs-mirror", "snowflakes "):
        assert extras.named(raised(sentence.replace("{}", name), [library])) is None, name


def test_only_the_library_itself_is_believed():
    """The same sentence from the user's own code, or from another library, means nothing."""
    message = "Missing optional dependency 'openpyxl'.  Use pip or conda to install openpyxl."
    assert extras.named(raised(message)) is None
    assert extras.named(raised(message, ["mine"])) is None
    assert extras.named(raised(message, ["matplotlib"])) is None
    assert extras.named(raised(message, ["pandas"])).modules == ("openpyxl",)


def test_the_innermost_library_knows_best():
    """`pd.read_csv("s3://…")` fails in fsspec, and the call that failed is pandas'."""
    found = extras.named(raised("Install s3fs to access S3", ["pandas", "fsspec"]))
    assert (found.library, found.modules) == ("fsspec", ("s3fs",))
    assert "read_csv" in found.calls
    assert "filesystem" in found.calls


@pytest.mark.parametrize("error", [ValueError(), ValueError(3), KeyError(("a",)), SystemExit(1)])
def test_an_error_without_words_says_nothing(error):
    """Whatever its arguments are, nothing of the user's is called to read them."""
    assert extras.named(error) is None


def test_every_row_is_whole():
    """Each has a sentence with letters in it and at least one module; no library says the same twice."""
    for library, rows in extras.table().items():
        texts = [row.text for row in rows]
        assert len(set(texts)) == len(texts), library
        for row in rows:
            assert len(row.text) > 8
            assert row.modules
            assert all(part.isidentifier() for module in row.modules for part in module.split("."))
