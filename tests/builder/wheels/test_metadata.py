"""What an index refuses of a package's metadata is refused before it is sent."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.wheels import metadata
from autoexec_magic.errors import BuildError

GOOD = b"Metadata-Version: 2.4\nName: pear\nVersion: 1.0\n"


def test_good_metadata_are_read():
    """Name, version, extras, the description and its type."""
    rows = b"Requires-Python: >=3.9\nProvides-Extra: test\n"
    rows += b"Description-Content-Type: text/markdown; charset=UTF-8\n"
    found = metadata.read(GOOD + rows + b"\n# Pear\n", "pear.whl")
    assert (found.name, found.version, found.extras) == ("pear", "1.0", ("test",))
    assert (found.description, found.description_type) == ("# Pear\n", "text/markdown")
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"Metadata-Version: 2.4\nName: -pear\nVersion: 1.0\n", "no name"),
        (b"Metadata-Version: 2.4\nName: pear\nVersion: one\n", "no version"),
        (GOOD + b"Requires-Dist: not a requirement!\n", "requires-dist"),
        (GOOD + b"Requires-Python: three\n", "requires-python"),
        (GOOD + b"License-Expression: whatever I like\n", "license-expression"),
        (GOOD + b"Summary: one\n  two\n", "summary"),
        (GOOD + b"Description-Content-Type: text/html\n", "description-content-type"),
    ],
)
def test_bad_metadata_are_named(content, why):
    """By the field, with what is wrong."""
    with pytest.raises(BuildError) as refused:
        metadata.read(content, "pear.whl")
    assert why in str(refused.value).lower()


def test_a_missing_description_is_a_warning():
    """And so is one whose type is not said."""
    assert "no description" in metadata.read(GOOD, "pear.whl").warnings[0]
    assert "reStructuredText" in metadata.read(GOOD + b"\nPear\n", "pear.whl").warnings[0]


@pytest.mark.online
def test_a_description_that_does_not_render_is_refused(bed):
    """reStructuredText, as the index renders it: its line is quoted."""
    good = metadata.read(
        GOOD + b"Description-Content-Type: text/x-rst\n\nPear\n====\n\nA *pear*.\n", "pear.whl"
    )
    one, other = bed.tmp_path / "one", bed.tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert metadata.rendered(good, bed.bench, one) == ()
    bad = metadata.read(
        GOOD + b"Description-Content-Type: text/x-rst\n\nPear\n==\n\n.. nothing:: x\n", "pear.whl"
    )
    with pytest.raises(BuildError, match="does not render") as refused:
        metadata.rendered(bad, bed.bench, other)
    assert "description.rst:" in refused.value.why or "<string>:" in refused.value.why


def test_without_the_renderer_a_warning_says_that_nobody_looked(bed):
    """No index: the rest was checked."""
    object.__setattr__(
        bed.bench, "sources", {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
    )
    found = metadata.read(GOOD + b"Description-Content-Type: text/x-rst\n\nPear\n", "pear.whl")
    [said] = metadata.rendered(found, bed.bench, bed.tmp_path)
    assert said.startswith("nobody looked")
