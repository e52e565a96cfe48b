"""The finder as a child: found wherever this process has it from, and nothing of its words shown raw."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from index import SIMPLE_JSON, wheel

import autoexec_magic
from autoexec_magic.events import Progress
from autoexec_magic.installer.query import Query
from autoexec_magic.installer.search import find, one_line
from autoexec_magic.installer.sources import Sources

CHILD_SECONDS = 60.0
CODE = """
import sys
from pathlib import Path
from autoexec_magic.installer.query import Query
from autoexec_magic.installer.search import Search, find
from autoexec_magic.installer.sources import Sources
query = Query(distribution="frob", modules=("frob",))
search = Search(sources=Sources(indexes=(sys.argv[1],)), cache=Path(sys.argv[2]), release_age_days=3.0)
print(find([query], search)[query].held)
"""


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a\nb\tc", "a b c"),
        ("\x1b]52;c;YQ==\x07x\x1b[31mred", "x [31mred"),
        ("https://t0ken-word@host said t0ken-word", "https://***@host said ***"),
        ("a\u202eb", "a b"),
    ],
)
def test_what_others_wrote_is_one_clean_line(text, want):
    """No control characters, no direction overrides, no logins of the index."""
    assert one_line(text, Sources(indexes=("https://t0ken-word@host/simple",))) == want


def test_a_name_like_a_token_comes_through(desk, index):
    """A project's name may look like a secret; pins are made of it, so it is not masked."""
    name = "pypi-attestation-models-and-more"
    index.add(name, wheel(name))
    query = Query(distribution=name)
    assert find([query], desk.context.search)[query].distribution == name


def test_a_hostile_page_cannot_draw(desk, index):
    """Escapes in what an index says reach nobody's terminal."""
    index.add("frob", document=(SIMPLE_JSON, b'{"files": [{"url": "ftp://h/\\u001b]0;x\\u0007"}]}'))
    query = Query(distribution="frob")
    assert "\x1b" not in repr(find([query], desk.context.search)).replace("\\x1b", "\x1b")


def test_a_download_that_takes_long_is_told(desk, index, emit):
    """The finder says how far it is, and what it says is no answer."""
    index.add("frob", wheel("frob"), json=False, slow=1.2)
    query = Query(distribution="frob")
    assert find([query], desk.context.search)[query].version == "1.0"
    [told] = [event.text for event in emit if isinstance(event, Progress)]
    assert told.startswith("downloading frob-1.0-py3-none-any.whl: 0 of 0 MB")


def test_the_package_may_be_reachable_by_pythonpath_only(index, tmp_path):
    """An interpreter that has nothing installed finds the finder where this process found it."""
    index.add("frob", wheel("frob"))
    paths = [
        str(Path(autoexec_magic.__file__).parents[1]),
        *(path for path in sys.path if "-packages" in path),
    ]
    done = subprocess.run(
        [
            Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}",
            "-S",
            "-c",
            CODE,
            index.url,
            tmp_path,
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
        timeout=CHILD_SECONDS,
    )
    assert done.stdout == "('frob',)\n", done.stderr
