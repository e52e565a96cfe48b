"""Which release a deploy or a rollback is about; the deploy itself is in `tests/test_releases.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autoexec_magic.deployer import Journal, Live, Service
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.events import Progress
from autoexec_magic.history import new_id
from autoexec_magic.ledger import Ledger
from autoexec_magic.orchestrator import releasing
from autoexec_magic.orchestrator.targets import Held
from autoexec_magic.releasefacts import Release, Spec


class Standing:
    """A target where a release is live."""

    kind = "local"

    def __init__(self, release: Release | None = None) -> None:
        self.release = release

    def live(self) -> Live | None:
        if self.release is None:
            return None
        fields = {"artifact": "app", "digest": self.release.digest, "port": "8000", "replicas": "1"}
        return Live(
            release_id=self.release.release_id,
            digest=self.release.digest,
            fields=fields,
            release=self.release,
        )


def release(digest: str = "sha256:a", **changes: object) -> Release:
    spec = Spec(artifact="app", reference="dist/web", digest=digest, **changes)
    return Release(service="web", target="local", release_id=new_id(), spec=spec)


@pytest.fixture
def journal(tmp_path) -> Journal:
    return Journal(ledger=Ledger(path=tmp_path / "ledger.db"), service="web", target="local")


def recorded(journal: Journal, code: str = "deployed") -> Release:
    made = release()
    with journal.attempt(made, "deploy") as attempt:
        attempt.end(code, is_good=code == "deployed")
    return made


def test_a_rollback_is_to_the_last_good_one(journal):
    """Not to what is live, and not to one that was never well."""
    first, second = recorded(journal), recorded(journal)
    recorded(journal, "rolled-back")
    assert releasing.older("", journal, Standing(second)) == first
    assert releasing.older("", journal, Standing(first)) == second


def test_a_rollback_is_to_what_is_named(journal):
    """By its id, or the end of it."""
    first, second = recorded(journal), recorded(journal)
    for words in (first.release_id, first.release_id[-8:], first.release_id[-12:]):
        assert releasing.older(words, journal, Standing(second)) == first


@pytest.mark.parametrize("words", ["nobody", ""])
def test_what_is_not_there_is_told(journal, words):
    """With the command that lists what is."""
    with pytest.raises(UsageError) as caught:
        releasing.older(words, journal, Standing())
    assert "releases web" in caught.value.fix


def test_a_difference_leaves_out_what_is_kept():
    """The port that was found, and a digest that the same inputs make."""
    was = release("sha256:a", inputs_digest="sha256:in", port=0)
    new = release("(built of sha256:in)", inputs_digest="sha256:in", replicas=2)
    found = releasing.difference(Standing(was), new)
    assert [(each.name, each.now, each.new) for each in found] == [("replicas", "1", "2")]


def test_other_inputs_are_another_digest():
    """It is not known yet, and what it would be made of is."""
    was = release("sha256:a", inputs_digest="sha256:in")
    new = release("(built of sha256:other)", inputs_digest="sha256:other")
    names = [each.name for each in releasing.difference(Standing(was), new)]
    assert names == ["digest"]


def test_projects_are_told_apart_without_their_names():
    """By a digest of where they lie."""
    here = releasing.project_of(Path("/tmp/secret-name"))
    assert here != releasing.project_of(Path("/tmp/other"))
    assert "secret" not in here


@pytest.mark.parametrize(
    ("target", "path", "kind"),
    [
        ("local", "a.ipynb", "app"),
        ("local", "folder", "wheel"),
        ("docker", "a.ipynb", "image"),
        ("kubernetes", "folder", "image"),
        ("aws", "a.ipynb", "app"),
        ("aws", "folder", "image"),
        ("gcp", "a.ipynb", "image"),
    ],
)
def test_each_target_takes_its_kind(target, path, kind):
    """Without anybody saying which."""
    service = Service(name="web", target=target, folder=Path(), path=Path(path))
    assert releasing._kind(service) == kind


def test_no_value_of_a_secret_is_told(journal):
    """Not in an event, and not in what is raised; those of files are in no environment."""
    held = Held(values={"KEY": "melba-toast-from-a-file"})
    heard = []
    with releasing.masking(held, heard.append) as said:
        said(Progress(phase="deploy", text="it said melba-toast-from-a-file"))
    with pytest.raises(DeployError) as caught, releasing.masking(held, heard.append):
        raise DeployError("melba-toast-from-a-file is wrong", why="melba-toast-from-a-file")
    assert "melba" not in str(caught.value) + str(heard) + str(caught.value.args)
    hiding = replace(journal, secrets=("melba-toast-from-a-file",))
    with hiding.attempt(release(), "deploy") as attempt:
        attempt.end("rolled-back", why="it said melba-toast-from-a-file")
    assert b"melba" not in journal.ledger.path.read_bytes()


def test_an_ecs_service_is_an_image_of_a_notebook():
    """A function is its app."""
    service = Service(
        name="web", target="aws", folder=Path(), path=Path("a.ipynb"), options=(("service", "ecs"),)
    )
    assert releasing._kind(service) == "image"


class Unreachable(Standing):
    """One that does not say where it is reached."""

    def address(self):
        raise DeployError("the platform refuses", why="AccessDenied")


def test_what_is_live_is_so_wherever_it_is_reached():
    """That nobody may ask for its address is no fault of a deploy."""
    assert releasing.address_of(Unreachable(None)) == ("", "the platform refuses: AccessDenied")
    assert releasing.address_of(Standing(None)) == ("", "")
