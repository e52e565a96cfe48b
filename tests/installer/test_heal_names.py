"""Ten names that nobody can guess, healed by proof; others asked about or refused.

The wheels come from an index of our own, with upload times, and land in an
environment of their own. Once, marked `online`, the real index is asked.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from index import wheel
from skips import requires

from autoexec_magic.installer.known import lookup
from autoexec_magic.installer.sources import sources

HARD = {
    "bs4": "import bs4",
    "yaml": "import yaml",
    "cv2": "import cv2",
    "sklearn": "from sklearn.linear_model import LinearRegression",
    "slugify": "from slugify import slugify",
    "dotenv": "import dotenv as env",
    "jwt": "import jwt",
    "serial": "import serial",
    "PIL": "from PIL import Image",
    "dateutil": "import dateutil.parser",
    "google.cloud.storage": "from google.cloud import storage",
}
# What of them is imported by itself, and is therefore looked for in the wheel.
DEEPER = {"sklearn": ("sklearn/linear_model/__init__.py",), "dateutil": ("dateutil/parser.py",)}
PROBE_SECONDS = 5.0


def normal(name: str) -> str:
    """Return a name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def serve(index, module, version="1.0"):
    """Serve the distribution of a known module; return its wheel."""
    row = lookup(module)
    files = {f"{module.replace('.', '/')}/__init__.py": f"FROM = {row.distribution!r}\n"}
    files |= dict.fromkeys(DEEPER.get(module, ()), "")
    file = wheel(row.distribution, version, files)
    index.add(row.distribution, file)
    return file


@pytest.mark.limit(60)
def test_hard_names_are_healed(environment, index):
    """Each comes from its own distribution, as served, in one go, without a question, and nothing besides."""
    served = {}
    for number, module in enumerate(HARD):
        served[normal(lookup(module).distribution)] = serve(index, module, f"1.{number}")
    decoys = {module.partition(".")[0] for module in HARD} - set(served)
    for name in decoys:  # what a tool that guesses would install
        index.add(name, wheel(name, "9.9", {f"{name}/__init__.py": "FROM = 'somebody else'\n"}))
    answer = environment.heal("\n".join(HARD.values()))
    assert answer.error is None
    assert answer.questions == []
    assert answer.decisions == dict.fromkeys(HARD, "install")
    assert {
        normal(item["distribution"]): (item["version"], item["sha256"], item["index"])
        for item in answer.installed
    } == {name: (file.filename.split("-")[1], file.sha256, index.url) for name, file in served.items()}
    assert {normal(name): version for name, version in environment.distributions.items()} == {
        name: file.filename.split("-")[1] for name, file in served.items()
    }
    code = "import importlib\n" + "\n".join(f"print(importlib.import_module({name!r}).FROM)" for name in HARD)
    assert environment.run(code).split() == [lookup(module).distribution for module in HARD]
    assert not decoys & set(index.asked)


def test_what_is_there_is_left_alone(environment, index):
    """The second time nothing is missing: nothing is asked, of nobody, and nothing changes."""
    environment.unpack(serve(index, "yaml"))
    environment.unpack(serve(index, "PIL"))
    before = environment.files
    answer = environment.heal("import yaml\nfrom PIL import Image")
    assert (answer.resolutions, answer.installed, answer.argvs, answer.error) == ([], [], [], None)
    assert index.requests == []
    assert environment.files == before


def test_a_name_that_nobody_knows_is_asked_about(environment, index):
    """A module that is not in the table is not guessed, though a distribution here does hold it."""
    index.add("frob-tools", wheel("frob-tools", files={"frobnicore/__init__.py": ""}))
    answer = environment.heal("import frobnicore", answer=True)
    assert answer.decisions == {"frobnicore": "ask"}
    assert answer.resolutions[0]["fix"] == "%autoexec install DISTRIBUTION, if you know its name"
    assert "no distribution called frobnicore" in answer.resolutions[0]["evidence"][0]
    assert (answer.installed, answer.questions, answer.error) == ([], [], None)
    assert environment.distributions == {}
    assert set(index.asked) == {"frobnicore"}
    assert not any(path.startswith("/files/") for path in index.requests)


def test_a_wheel_of_that_name_without_the_module_is_refused(environment, index):
    """The same name on the index is somebody else's project: it is looked into, and refused as unproved."""
    index.add("frobnicore", wheel("frobnicore", files={"other/__init__.py": "", "third.py": ""}))
    answer = environment.heal("import frobnicore", answer=True)
    assert answer.decisions == {"frobnicore": "refuse"}
    assert answer.resolutions[0]["proved"] is False
    assert answer.resolutions[0]["evidence"] == [
        "unproved: the wheel of frobnicore 1.0 does not hold frobnicore (it holds other, third)"
    ]
    assert (answer.installed, answer.questions) == ([], [])
    assert environment.distributions == {}


def test_a_known_wheel_without_the_module_is_refused(judge, index):
    """A hard name, too, is refused where the wheel of its distribution does not hold it (any more)."""
    index.add("pyusb", wheel("pyusb", files={"usb7/__init__.py": ""}))
    answer = judge("usb")
    assert (answer.decision, answer.proved) == ("refuse", False)
    assert "(it holds usb7)" in answer.evidence[0]


@pytest.mark.parametrize("yes", [True, False, None], ids=["yes", "no", "nobody"])
def test_a_wheel_of_that_name_with_the_module_is_a_question(environment, index, yes):
    """Proved but unknown is for a person to say: yes installs it, no does not, and nobody is an error."""
    file = wheel("frobnicore", files={"frobnicore/__init__.py": "FROM = 'frobnicore'\n"})
    index.add("frobnicore", file)
    answer = environment.heal("import frobnicore", answer=yes)
    assert answer.decisions == {"frobnicore": "ask"}
    [question] = answer.questions
    assert "frobnicore 1.0" in question["text"]
    assert any("the same name, which is no evidence" in line for line in question["evidence"])
    assert any("holds frobnicore" in line for line in question["evidence"])
    if yes:
        assert [item["sha256"] for item in answer.installed] == [file.sha256]
        assert environment.run("import frobnicore; print(frobnicore.FROM)") == "frobnicore\n"
    else:
        assert answer.installed == []
        assert environment.distributions == {}
    assert (answer.error["class"] if answer.error else None) == ("NeedsPerson" if yes is None else None)


def test_what_is_known_is_healed_beside_what_is_not(environment, index):
    """One unknown name does not keep the known ones from being installed."""
    serve(index, "yaml")
    answer = environment.heal("import frobnicore, yaml")
    assert answer.decisions == {"frobnicore": "ask", "yaml": "install"}
    assert list(environment.distributions) == ["PyYAML"]


def test_all_that_is_taken_from_a_namespace_is_healed(environment, index):
    """Two halves of a namespace come from two distributions, and both are needed."""
    serve(index, "google.cloud.storage")
    serve(index, "google.cloud.bigquery")
    answer = environment.heal("from google.cloud import bigquery, storage")
    assert answer.error is None
    assert set(environment.distributions) == {"google-cloud-bigquery", "google-cloud-storage"}


def test_the_other_half_of_a_namespace_is_healed(environment, index):
    """With one half installed, the other one is found missing, and installed."""
    storage = serve(index, "google.cloud.storage")
    serve(index, "google.cloud.bigquery")
    environment.unpack(storage)
    answer = environment.heal("from google.cloud import storage\nimport google.cloud.bigquery")
    assert answer.decisions == {"google.cloud.bigquery": "install"}
    assert set(environment.distributions) == {"google-cloud-bigquery", "google-cloud-storage"}


def test_a_script_runs_after_its_import_was_healed(environment, index):
    """`script` installs what is missing and then runs, however uv spells the distribution."""
    serve(index, "yaml")
    answer = environment.drive("script", source="import yaml; print(yaml.FROM)")
    assert answer.error is None
    assert answer.printed.strip() == "PyYAML"


def test_a_script_does_not_run_without_what_it_needs(environment, index):
    """What is missing and was not installed stops the script before its first line."""
    answer = environment.drive("script", source="print('r' + 'an')\nimport frobnicore")
    assert answer.error["class"] == "NeedsPerson"
    assert "frobnicore is missing" in answer.error["text"]
    assert "ran" not in "".join(event["text"] for event in answer.events if event["kind"] == "Output")


@pytest.mark.parametrize(
    ("files", "how"),
    [
        pytest.param([], {"status": 503}, id="index-is-down"),
        pytest.param([wheel("frobnicore")], {}, id="a-question-that-nobody-answers"),
        pytest.param([wheel("frobnicore", files={"other.py": ""})], {}, id="refused"),
    ],
)
def test_a_script_runs_without_what_it_may_never_need(environment, index, files, how):
    """An import in a function that nobody calls stops nothing, whatever became of it."""
    index.add("frobnicore", *files, **how)
    answer = environment.drive("script", source="def f():\n    import frobnicore\nprint('r' + 'an')")
    assert answer.error is None
    assert answer.printed.strip() == "ran"


def does_answer(index: str) -> bool:
    """Whether an index has the page of python-slugify, within a few seconds."""
    parts = urlsplit(index)
    if parts.scheme in ("", "file"):
        return (Path(unquote(parts.path)) / "python-slugify").is_dir()
    try:
        with urllib.request.urlopen(f"{index.rstrip('/')}/python-slugify/", timeout=PROBE_SECONDS) as page:
            return page.status == 200
    except (OSError, urllib.error.URLError):
        return False


@pytest.mark.online
@pytest.mark.limit(120)
def test_a_hard_name_is_healed_from_the_real_index(environment, machine_environment):
    """`slugify` comes from python-slugify, found, proved and installed with this machine's own settings."""
    requires(
        any(does_answer(index) for index in sources().indexes),
        "no package index answers",
        "connect to the network, or set PIP_INDEX_URL to an index that can be reached",
    )
    for name in ("AUTOEXEC_INDEX_URL", "NO_PROXY", "no_proxy", "PIP_CONFIG_FILE", "UV_NO_CONFIG"):
        environment.variables.pop(name, None)
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    environment.variables |= {**proxies, **machine_environment, "HOME": os.environ["HOME"]}
    answer = environment.heal("from slugify import slugify")
    assert answer.error is None
    assert answer.decisions == {"slugify": "install"}
    assert "python-slugify" in {normal(name) for name in environment.distributions}
    assert environment.run("from slugify import slugify; print(slugify('Not guessed!'))") == "not-guessed\n"
