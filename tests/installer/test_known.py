"""The hand-kept table: its rows are sound, and it does not name the projects it must not name."""

from __future__ import annotations

import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from autoexec_magic.installer import known
from autoexec_magic.installer.known import Known, lookup, normal, of_distribution, of_module, table

FEWEST_HARD_NAMES = 50


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("sklearn", "scikit-learn"),
        ("sklearn.linear_model._base", "scikit-learn"),
        ("PIL.Image", "pillow"),
        ("google.cloud.storage", "google-cloud-storage"),
        ("google.cloud.storage.blob", "google-cloud-storage"),
        ("google.cloud.bigquery", "google-cloud-bigquery"),
        ("google.protobuf.message", "protobuf"),
        ("numpy", "numpy"),
    ],
)
def test_a_row_is_that_of_the_nearest_package(module, distribution):
    """A module is looked up as it is, then its package, and so on upwards."""
    assert lookup(module).distribution == distribution


@pytest.mark.parametrize("module", ["google", "google.cloud", "frobnicore", "Sklearn", "sklearnx", "azure"])
def test_what_nobody_wrote_down_is_not_known(module):
    """A namespace that many share, a near miss and another spelling have no row."""
    assert lookup(module) is None


@pytest.mark.parametrize("spelling", ["scikit-learn", "Scikit_Learn", "SCIKIT.LEARN", "scikit--learn"])
def test_a_distribution_is_the_same_however_it_is_spelt(spelling):
    """Case, dots, dashes and underscores do not make another project (PEP 503)."""
    assert normal(spelling) == canonicalize_name(spelling) == "scikit-learn"
    assert of_distribution(spelling).module == "sklearn"
    assert of_module(spelling) is None


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("sklearn", "scikit-learn"),
        ("SKLearn", "scikit-learn"),
        ("slugify", "python-slugify"),
        ("google.protobuf", "protobuf"),
        ("rest-framework", "djangorestframework"),
    ],
)
def test_a_module_that_is_taken_for_a_distribution(name, distribution):
    """Who asks for a project by the name of a module of another one means that other one."""
    assert of_module(name).distribution == distribution
    assert of_distribution(name) is None


@pytest.mark.parametrize(
    "name", ["numpy", "sentence_transformers", "google.cloud.storage", "frobnicore", "ipython"]
)
def test_a_name_that_is_nobody_else_s(name):
    """A distribution's own name, and one that nobody knows, is not taken for another one's module."""
    assert of_module(name) is None


@pytest.mark.parametrize(
    ("module", "wrong"),
    [
        ("docker", "docker-py"),
        ("slugify", "unicode-slugify"),
        ("slugify", "slugify"),
        ("mysql", "mysql-connector-repackaged"),
        ("socks", "SocksiPy-branch"),
        ("bcrypt", "python-bcrypt"),
        ("yaml", "yaml"),
        ("cv2", "cv2"),
        ("sklearn", "sklearn"),
        ("ibis", "ibis"),  # a template engine; what everybody means is ibis-framework
    ],
)
def test_a_project_that_is_another_one_is_not_named(module, wrong):
    """The dead and the foreign projects that tools copy from each other are not in the table."""
    row = lookup(module)
    assert row is None or canonicalize_name(row.distribution) != canonicalize_name(wrong)


def test_a_namespace_of_one_family_is_named_by_its_parts():
    """`ruamel.yaml` comes from the distribution of that name; none is called ruamel."""
    assert lookup("ruamel.yaml").distribution == "ruamel.yaml"
    assert lookup("ruamel") is None


@pytest.mark.parametrize("module", ["fitz", "attr", "kafka", "faiss", "nacl", "jose", "pptx"])
def test_what_common_maps_lack_is_known(module):
    """Names that the widespread maps do not have are here."""
    assert lookup(module) is not None


@pytest.mark.parametrize("row", table().values(), ids=lambda row: row.module)
def test_a_row_is_sound(row):
    """Each module can be imported by its name, each distribution can be asked for, each version is one."""
    assert all(part.isidentifier() for part in row.module.split("."))
    assert row.module.partition(".")[0] not in sys.stdlib_module_names
    assert canonicalize_name(row.distribution, validate=True)
    assert not row.proved or not Version(row.proved).is_prerelease


def test_the_table_has_the_hard_names_and_their_day():
    """The names that cannot be guessed were looked into, all of them, on a day that is past."""
    content = tomllib.loads(Path(known.__file__).with_name("known.toml").read_text("utf-8"))
    assert content["date"] <= date.today()
    assert len(content["hard"]) >= FEWEST_HARD_NAMES
    assert all(row["proved"] for row in content["hard"].values())
    names = content["same"]["names"].split()
    assert len(set(names)) == len(names)
    assert not set(names) & set(content["hard"])


def test_the_table_is_read_once_and_stays_as_it_is():
    """Nobody who looks something up can add a row."""
    assert table() is table()
    with pytest.raises(TypeError):
        table()["frobnicore"] = Known("frobnicore", "frob-tools")
