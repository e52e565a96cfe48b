"""A job is a value that knows how a person calls its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic import scripts


@pytest.mark.parametrize(
    ("lang", "source", "file", "name"),
    [
        ("python", "1", None, "script.py"),
        ("node", "1", None, "script.js"),
        ("node", "import x from 'y'", None, "script.mjs"),
        ("node", "export { x }", None, "script.mjs"),
        ("node", "const important = 1; exports.x = 1", None, "script.js"),
        ("rust", "fn main() {}", None, "script.rs"),
        ("node", "1", "/here/a/b.js", "a/b.js"),
        ("node", "1", "/there/b.js", "/there/b.js"),
    ],
)
def test_a_job_has_the_name_that_a_person_knows(lang, source, file, name):
    """A cell's by its language, a file's from the working directory."""
    path = Path(file) if file else None
    job = scripts.Job(source=source, language=scripts.LANGUAGES[lang], cwd=Path("/here"), file=path)
    assert job.name == name
