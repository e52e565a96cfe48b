"""A script's first line says its language, in the words of a shebang or of a notebook's magic."""

from __future__ import annotations

import pytest

from autoexec_magic import scripts
from autoexec_magic.errors import UsageError
from autoexec_magic.scripts import naming


@pytest.mark.parametrize(
    ("source", "ending", "name"),
    [
        pytest.param("%%bash\nls", "", "bash", id="bash"),
        pytest.param("%%sh\nls", ".py", "bash", id="the line before the ending"),
        pytest.param("%%script node\n1", "", "node", id="script node"),
        pytest.param("%%script --no-raise-error bash -e\n1", "", "bash", id="options of the magic"),
        pytest.param("%%javascript\n1", "", "node", id="javascript"),
        pytest.param("%%js\n1", "", "node", id="js"),
        pytest.param("%%rust\nfn main() {}", "", "rust", id="rust"),
        pytest.param("%%python3\n1", "", "python", id="python3"),
        pytest.param("#!/usr/bin/env node\n1", "", "node", id="env node"),
        pytest.param("#!/usr/bin/env rust-script\n1", "", "rust", id="rust-script"),
        pytest.param("x", ".mjs", "node", id=".mjs"),
        pytest.param("x", ".RS", "rust", id=".RS"),
        pytest.param("x", ".bash", "bash", id=".bash"),
        pytest.param("x", "", "python", id="nothing"),
    ],
)
def test_the_first_line_comes_before_the_ending(source, ending, name):
    """And Python is what nobody names."""
    assert scripts.language_of(source, "", ending).name == name


@pytest.mark.parametrize(("source", "ending"), [("%%html\n<p>", ""), ("%%time\n1", ""), ("x", ".rb")])
def test_what_is_in_no_language_is_an_error(source, ending):
    """It names what it cannot run, and how to say the language."""
    with pytest.raises(UsageError, match="there is no language for") as caught:
        scripts.language_of(source, "", ending)
    assert "--lang" in caught.value.fix


@pytest.mark.parametrize(
    "source",
    ["%%bash --bg\nls", "%%script bash --out x\n1", "#!/usr/bin/node -e\n1", "#!/usr/bin/node --eval=1\n1"],
)
def test_options_that_would_change_what_runs_are_refused(source):
    """IPython's own, too: a run of ours is not in the background, say."""
    with pytest.raises(UsageError, match="cannot hold"):
        naming.options_of(source, scripts.language_of(source))


def test_an_interpreters_options_hold():
    """As behind a shebang."""
    assert naming.options_of("%%bash -e\nls", scripts.LANGUAGES["bash"]) == ("-e",)
    assert naming.options_of("%%rust -e\n", scripts.LANGUAGES["rust"]) == ()


@pytest.mark.parametrize("start", ["#!", "%%", "#!/usr/bin/env "])
def test_a_first_line_without_an_end_is_not_read_as_a_shell_reads_it(start, monkeypatch):
    """That takes the square of its length, and a script may be one such line."""
    monkeypatch.setattr(naming.shlex, "split", lambda text: pytest.fail("it was read"))
    assert naming.first_line(start + "a" * 100_000).program == "a" * 100_000
