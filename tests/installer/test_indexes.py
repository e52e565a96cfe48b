"""The indexes together: ours, an organisation's own, and what is decided from them."""

from __future__ import annotations

import importlib.util
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autoexec_magic import api
from autoexec_magic.config import Config
from autoexec_magic.errors import UsageError
from autoexec_magic.installer import Context, Needed, index, resolve
from autoexec_magic.installer.decide import Ages, Origins, weigh
from autoexec_magic.installer.known import Entry, candidates, normal
from autoexec_magic.installer.query import Found

MOST_BYTES = 2 * 2**20
BENCH = Path(__file__).parents[1] / "bench" / "bench_truth.py"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a function that builds an organisation's own index of rows."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))

    def build(*rows: str):
        (tmp_path / "list.tsv").write_text("".join(f"{row}\n" for row in rows))
        return api.index_build(tmp_path / "list.tsv")

    return build


@pytest.fixture
def ask(tmp_path):
    """Return a function that resolves one module offline."""

    def asked(module: str, **settings: object):
        context = Context(
            config=Config(**settings),
            folders=(),
            cache=tmp_path,
            emit=lambda event: None,
            ask=lambda q: False,
        )
        [answer] = resolve([Needed(1, module)], context, online=False)
        return answer

    return asked


def test_the_truth_is_met():
    """Most hard names are right by the built-in index alone, and no wrong one would be installed unasked."""
    spec = importlib.util.spec_from_file_location("bench_truth", BENCH)
    bench = importlib.util.module_from_spec(spec)
    sys.modules["bench_truth"] = bench
    spec.loader.exec_module(bench)
    found = bench.measure()
    assert found.hard >= 150
    assert found.right / found.hard >= 0.6
    assert found.wrong == ()


def test_the_shipped_file_is_small_and_says_what_it_is():
    """The wheel does not grow by megabytes, and coverage, date and sources are stated."""
    [shipped] = [each for each in index.coverage() if each.name == "debian"]
    assert Path(shipped.path).stat().st_size < MOST_BYTES
    assert shipped.modules > 5000
    assert shipped.date.startswith("20")
    assert "Debian" in shipped.sources


@pytest.mark.parametrize(
    ("module", "first"),
    [
        ("docker", "docker"),
        ("slugify", "python-slugify"),
        ("socks", "pysocks"),
        ("bcrypt", "bcrypt"),
        ("mysql.connector", "mysql-connector-python"),
        ("fitz", "pymupdf"),
        ("attr", "attrs"),
        ("kafka", "kafka-python"),
        ("faiss", "faiss-cpu"),
        ("nacl", "pynacl"),
        ("jose", "python-jose"),
        ("pptx", "python-pptx"),
        ("zope.interface", "zope-interface"),
        ("zope.interface.declarations", "zope-interface"),
        ("google.auth.transport", "google-auth"),
        ("azure.identity", "azure-identity"),
        ("google.cloud.batch_v1", "google-cloud-batch"),
        ("airflow.providers.ssh.hooks", "apache-airflow-providers-ssh"),
    ],
)
def test_names_that_maps_get_wrong(module, first):
    """The entries that tools copy from each other are right, and a namespace is known by its parts."""
    assert normal(candidates(module)[0].distribution) == first


@pytest.mark.parametrize("module", ["zope", "google", "google.cloud", "azure", "jaraco", "google.frobnicore"])
def test_a_namespace_is_nobody_s(module):
    """Whoever brings the `__init__` of a name that many share does not stand for all of it."""
    assert [entry for entry in candidates(module) if not entry.is_rival] == []


@pytest.mark.parametrize("module", ["fpdf", "multipart", "whois", "whisper", "xdg", "py"])
def test_several_of_one_name_are_a_question(ask, module):
    """Where any of several projects may be meant, all are listed and none is chosen."""
    answer = ask(module) if importlib.util.find_spec(module) is None else None
    sure = Origins(entries=candidates(module)).sure
    assert sure is None
    assert sum(not entry.is_rival for entry in candidates(module)) > 1 or module == "py"
    if answer:
        assert answer.decision == "ask"
        assert len(answer.candidates) > 1
        assert "several distributions hold" in answer.evidence[0]


def test_other_builds_are_listed_and_not_chosen(ask):
    """opencv-python is what is meant by cv2; its headless twin stands beside it with its reason."""
    answer = ask("cv2")
    assert (answer.decision, answer.distribution, answer.proved) == ("install", "opencv-python", None)
    assert "opencv-python-headless" in [candidate.distribution for candidate in answer.candidates]
    assert all(candidate.why for candidate in answer.candidates)


@pytest.mark.parametrize(
    ("entries", "users", "sure"),
    [
        pytest.param([("a", "debian", 2)], {}, "a", id="used-in-debian"),
        pytest.param([("a", "debian", 1)], {}, None, id="hardly-used-in-debian"),
        pytest.param([("a", "debian", 1)], {"a": ("x",)}, "a", id="hardly-used-and-needed-here"),
        pytest.param([("a", "debian", 9), ("b", "debian", 8)], {}, None, id="two-of-comparable-use"),
        pytest.param([("a", "debian", 9), ("b", "debian", 8)], {"b": ("x",)}, None, id="and-one-needed-here"),
        pytest.param([("a", "pigar", 0)], {}, None, id="published"),
        pytest.param([("a", "pigar", 0)], {"a": ("x",)}, "a", id="published-and-needed-here"),
        pytest.param([("a", "name", 0)], {}, None, id="same-name"),
        pytest.param([("a", "name", 0)], {"a": ("x",)}, "a", id="same-name-and-needed-here"),
        pytest.param(
            [("a", "pigar", 0), ("b", "pigar", 0)], {"a": ("x",), "b": ("x",)}, None, id="two-needed"
        ),
        pytest.param([("a", "kept", 0), ("b", "pigar", 0)], {"b": ("x",)}, "a", id="kept-stays"),
        pytest.param([("a", "own", 0)], {}, "a", id="own"),
        pytest.param([("a", "apart", 99)], {}, None, id="made-for-debian"),
        pytest.param([], {}, None, id="nothing"),
    ],
)
def test_what_is_evidence(entries, users, sure):
    """One candidate that somebody looked at, or that something installed depends on; else a question."""
    made = tuple(
        Entry(
            module="m",
            distribution=name,
            source="debian" if source == "apart" else source,
            uses=uses,
            is_apart=source == "apart",
            is_rival=source in ("pigar", "name"),
        )
        for name, source, uses in entries
    )
    found = Origins(entries=made, users=users).sure
    assert (found and found.distribution) == sure


def test_a_blocked_name_is_refused_however_it_is_spelt(ask):
    """The person's list wins over all evidence (PEP 503 makes spellings one)."""
    assert ask("cv2", blocked=("OpenCV_Python",)).decision == "refuse"
    assert "block" in ask("cv2", blocked=("OpenCV_Python",)).evidence[0]
    assert ask("cv2", blocked=("opencv",)).decision == "install"


@pytest.mark.parametrize(("public", "decision"), [("https://public.example", "ask"), ("", "install")])
def test_an_own_name_that_only_the_public_index_serves_is_a_question(public, decision):
    """Where a private index is configured, whoever took the name in public is not its owner."""
    entry = Entry(module="frob", distribution="corp-frob", source="own", uses=0)
    found = Found(
        distribution="corp-frob",
        exists=True,
        version="1.0",
        sha256="0" * 64,
        index="https://public.example",
        held=("frob",),
        released="2020-01-01T00:00:00+00:00",
        first_released="2020-01-01T00:00:00+00:00",
    )
    origins = Origins(entries=(entry,), public=public)
    ages = Ages(project=90, release=3)
    answer = weigh("frob", origins, {"corp-frob": found}, ages, datetime.now(UTC))
    assert answer.decision == decision
    assert ("only the public one serves it" in answer.evidence[0]) is bool(public)


def test_an_own_name_is_answered_from_there_alone(own, ask):
    """A private name is known at once, is evidence, and no other index is asked about it."""
    built = own("cv2\tacme-vision", "acme.core\tacme-core")
    assert (built.modules, built.distributions) == (2, 2)
    assert [entry.distribution for entry in candidates("cv2.aruco")] == ["acme-vision"]
    assert index.is_own("cv2.aruco")
    assert index.is_own("acme.core.x")
    assert not index.is_own("acme")
    assert not index.is_own("sklearn")
    answer = ask("acme.core")
    assert (answer.decision, answer.distribution, len(answer.candidates)) == ("install", "acme-core", 1)


def test_an_own_index_that_is_built_again_counts_at_once(own):
    """The newer list replaces the older one, in the same process too."""
    own("acme\tacme-one")
    time.sleep(0.01)
    own("acme\tacme-two")
    assert [entry.distribution for entry in candidates("acme")] == ["acme-two"]


def test_building_of_nothing_is_told(tmp_path):
    """Without a list there is nothing to build, and a name that is no module's is none."""
    with pytest.raises(UsageError, match="no lists"):
        api.index_build()
    with pytest.raises(UsageError, match="not the name of a module"):
        api.index_candidates("no-module")
