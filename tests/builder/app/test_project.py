"""What `build app` writes and says of it, without writing it."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.builder.app.project import APP
from autoexec_magic.errors import BuildError, UsageError

WSGI = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']"
HEX = "0" * 64


def about(found):
    """Return what a project says of itself."""
    return json.loads(found.made[APP])


def test_a_web_app_says_what_an_image_has_to_know(project, note):
    """The keys that the builder of images reads."""
    lock = f"waitress==3.0 --hash=sha256:{HEX}\n"
    language = {"name": "python", "version": "3.12.4"}
    found = project("#md# API", WSGI, "path = '/healthz'", lock=lock, language_info=language)
    said = about(found)
    assert {key: said[key] for key in ("name", "version", "shape", "module", "object", "port", "python")} == {
        "name": "model",
        "version": "1.0",
        "shape": "wsgi",
        "module": "model",
        "object": "model:app",
        "port": 8000,
        "python": "3.12",
    }
    assert said["command"] == ["python", "-m", "model", "--host", "0.0.0.0"]
    assert said["health"] == "/healthz"
    assert said["notebook"] == "model.ipynb"
    assert said["notebook_digest"] == f"sha256:{found.notebook.digest}"
    assert (said["requirements"], said["lock"]) == ("requirements.txt", "requirements.txt")
    assert said["lock_digest"] == found.lock_digest
    assert said["cells"] == [2, 3]
    assert found.made["requirements.txt"].decode() == lock


def test_a_handler_says_how_a_platform_names_it(project):
    """And listens nowhere."""
    said = about(project("def handler(event, context):\n    return event"))
    assert (said["handler"], said["port"], said["health"]) == ("model.handler", 0, "")


def test_settings_win(project, note):
    """Name, port and health."""
    (note(WSGI).parent / "autoexec.toml").write_text(
        '[build]\nname = "Fruit.Api"\nport = 9000\nhealth = "/up"\n'
    )
    said = about(project(WSGI))
    assert (said["name"], said["module"], said["port"], said["health"]) == (
        "Fruit.Api",
        "fruit_api",
        9000,
        "/up",
    )


def test_a_notebook_below_the_workspace_is_named_from_there(note):
    """By its relative path, and no other."""
    from autoexec_magic import builder
    from autoexec_magic.builder.app import notebook
    from autoexec_magic.builder.app.project import project_of

    path = note(WSGI)
    found = project_of(builder.source_of(path, path.parents[1]), notebook.read(path), "", "")
    assert about(found)["notebook"] == "work/model.ipynb"
    assert str(path.parent) not in "".join(map(str, found.made.values()))


def test_packages_without_a_lock_are_refused(project, note):
    """With the command that locks them; the standard library and files beside it need none."""
    with pytest.raises(BuildError) as raised:
        project("import os", "import pandas as pd, numpy", WSGI)
    assert raised.value.what == "model.ipynb imports pandas and 1 more, and has no lock"
    assert raised.value.why.startswith("cell 2 line 1")
    assert raised.value.fix == "%autoexec fix model.ipynb"
    (note(WSGI).parent / "tools.py").write_text("import json")
    found = project("import tools\ntry:\n    import pandas\nexcept ImportError:\n    pandas = None", WSGI)
    assert [row[0] for row in found.copied] == ["tools.py"]
    assert "requirements.txt" not in found.made


def test_an_import_of_a_cell_that_is_left_out_needs_no_lock(project):
    """Only what is kept is imported."""
    found = project(("import pandas", "skip"), "import pytest\ndef test_a():\n    pass", WSGI)
    assert "pandas" not in found.composed.text


def test_files_that_the_settings_name_go_with_it(project, note):
    """And templates beside Flask's module; what is named in the code and left behind is said."""
    folder = note(WSGI).parent
    (folder / "templates").mkdir()
    for path in ("templates/a.html", "model.bin", "other.bin", "unnamed.bin"):
        (folder / path).write_text("x")
    (folder / "autoexec.toml").write_text(
        '[build]\ninclude = ["templates", "*.bin"]\nexclude = ["other.bin"]\n'
    )
    flask = "from flask import Flask\napp = Flask(__name__)\nopen('./model.bin'), open('other.bin')\nx = 1"
    found = project(flask, lock=f"flask==3 --hash=sha256:{HEX}\n")
    assert [row[0] for row in found.copied] == [
        "model.bin",
        "model/templates/a.html",
        "templates/a.html",
        "unnamed.bin",
    ]
    assert [each for each in found.warnings if "beside the notebook" in each] == [
        "cell 1 line 3 names other.bin, which is beside the notebook and not in the app: "
        'include = ["other.bin"] in [tool.autoexec.build]'
    ]


def test_a_secret_goes_nowhere(project, note):
    """Neither as a file beside it nor as a text in a cell, which is not repeated."""
    token = "ghp_" + "a1B2" * 9
    with pytest.raises(BuildError) as raised:
        project(f"token = '{token}'", WSGI)
    assert "secret" in raised.value.what
    assert token not in str(raised.value)
    folder = note(WSGI).parent
    (folder / ".env").write_text("A=1")
    (folder / "autoexec.toml").write_text('[build]\ninclude = ["*", ".env"]\n')
    with pytest.raises(BuildError, match=r"\.env would go into the app"):
        project(WSGI)


def test_a_file_that_would_hide_one_of_ours_is_refused(project, note):
    """It is read as ours by whoever deploys."""
    folder = note(WSGI).parent
    (folder / APP).write_text("{}")
    (folder / "autoexec.toml").write_text(f'[build]\ninclude = ["{APP}"]\n')
    with pytest.raises(BuildError, match="would hide"):
        project(WSGI)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["#md# only words"], "no cells of code"),
        ([], "no cells of code"),
        ([("x = 1", "skip")], "cell 1: it is tagged skip"),
        (["%%bash\nls"], "cell 1: it is a cell of %%bash"),
        (["", "# nothing"], "no cell of code is kept"),
    ],
)
def test_a_notebook_without_code_that_is_kept_is_refused(project, cells, why):
    """With what became of it."""
    with pytest.raises(BuildError) as raised:
        project(*cells)
    assert why in raised.value.why


def test_the_same_inputs_give_the_same_bytes(project):
    """Whenever it is built."""
    assert project(WSGI, "x = {1, 2}").made == project(WSGI, "x = {1, 2}").made


def test_magics_that_did_something_are_warned_of(project):
    """Others are told in the app's own file."""
    found = project("%cd data\n%matplotlib inline\n%env A=1", WSGI)
    assert [each for each in found.warnings if "left out" in each] == [
        "cell 1 line 1 is left out: %cd data",
        "cell 1 line 3 is left out: %env A=1",
    ]
    assert [each["why"] for each in about(found)["left_out"]] == ["%cd", "%matplotlib", "%env"]


def test_a_setting_that_cannot_be_is_refused(project, note):
    """As everywhere."""
    (note(WSGI).parent / "autoexec.toml").write_text("[build]\nport = -1\n")
    with pytest.raises(UsageError):
        project(WSGI)
