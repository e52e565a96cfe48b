"""What was proved is believed for as long as it is whole, ours and young enough."""

from __future__ import annotations

import json
import os
import time

import pytest
from index import wheel

from autoexec_magic.installer import kept
from autoexec_magic.installer.kept import Store, scope_of
from autoexec_magic.installer.query import Found, Query
from autoexec_magic.installer.sources import Sources
from autoexec_magic.installer.wheel import look

QUERY = Query(distribution="pyusb", modules=("usb", "usb.no"))
HOUR = 3600.0


@pytest.fixture
def store(tmp_path):
    """Return a store with one wheel, its proof and a choice of it."""
    file = wheel("pyusb", files={"usb/__init__.py": ""}, requires=["frob>=1"])
    made = Store(tmp_path / "cache" / "wheels")
    path, digest = made.wheels.take([file.content], file.filename, expected="", most_bytes=10**6)
    made.keep_proof(digest, look(path, "pyusb"))
    found = Found(distribution="pyusb", version="1.0", filename=file.filename, sha256=digest, index="x")
    made.keep_choice(QUERY, "scope", found)
    return made


def files(store, ending):
    """Return the store's files of a kind."""
    return list((store.wheels.folder.parent / "proofs").glob(f"*.{ending}"))


def test_what_was_found_is_found_again(store):
    """With what the wheel holds of what is asked for now, and what it needs."""
    found = store.recall(QUERY, "scope", most_seconds=HOUR)
    assert (found.version, found.held, found.exists) == ("1.0", ("usb",), True)
    assert store.proof(found.sha256).requires == ("frob>=1",)


def test_it_counts_for_a_time(store, monkeypatch):
    """A release may have been withdrawn since; a clock that went back proves nothing either."""
    now = time.time()
    for later, is_there in ((HOUR - 1, True), (HOUR + 1, False), (-1, False)):
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        assert bool(store.recall(QUERY, "scope", most_seconds=HOUR)) == is_there


def test_another_index_is_another_answer(store):
    """What one index said says nothing of what another one has."""
    scopes = {scope_of(Sources(indexes=(url,)), 3.0) for url in ("https://a", "https://b")}
    scopes.add(scope_of(Sources(indexes=("https://a",), find_links=("/wheels",)), 3.0))
    assert len(scopes) == 3
    assert store.recall(QUERY, "another", most_seconds=HOUR) is None
    assert store.recall(Query(distribution="pyusb", specifier="<1"), "scope", most_seconds=HOUR) is None


@pytest.mark.parametrize("ending", ["wheel", "choice"])
@pytest.mark.parametrize("how", ["changed", "cut", "another-format", "others-may-write", "link", "gone"])
def test_what_is_not_whole_or_not_ours_is_not_believed(store, ending, how, tmp_path):
    """Then it is asked for again."""
    [path] = files(store, ending)
    content = path.read_bytes()
    if how == "changed":
        path.write_bytes(content.replace(b"1.0", b"9.9").replace(b"usb/", b"xxx/"))
    elif how == "cut":
        path.write_bytes(content[:-3])
    elif how == "another-format":
        body = json.dumps({"new": 1}).encode()
        path.write_bytes(kept.hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    elif how == "others-may-write":
        path.chmod(0o666)
    elif how == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.unlink()
    assert store.recall(QUERY, "scope", most_seconds=HOUR) is None


def test_a_folder_that_others_may_write_is_not_believed(store):
    """Whoever can put files there could prove anything."""
    files(store, "wheel")[0].parent.chmod(0o777)
    assert store.recall(QUERY, "scope", most_seconds=HOUR) is None


def test_a_proof_without_its_wheel_is_pruned(store):
    """Nothing is left of a wheel that went."""
    store.prune(0)
    assert files(store, "wheel") == []
    assert store.recall(QUERY, "scope", most_seconds=HOUR) is None


def test_what_is_kept_is_nobody_elses(store):
    """Files and folder."""
    paths = [*files(store, "wheel"), *files(store, "choice")]
    assert {os.stat(path).st_mode & 0o777 for path in paths} == {0o600}
    assert os.stat(paths[0].parent).st_mode & 0o777 == 0o700
