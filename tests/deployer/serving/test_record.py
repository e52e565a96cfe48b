"""What is to be live, on disk."""

from __future__ import annotations

import json
import stat

import pytest
import serviced

from autoexec_magic.deployer.serving import record
from autoexec_magic.deployer.serving.record import Record
from autoexec_magic.deployer.serving.routes import Routes, Share
from autoexec_magic.errors import PhaseError


def full(folder) -> Record:
    """Return a record with something in each field."""
    routes = Routes(shares=(Share(release_id="a"),), fallback=Share(release_id="b", ports=(7,)))
    return Record(port=80, fence=3, routes=routes, instances=(serviced.instance(folder, "a", replicas=2),))


def test_a_record_is_the_same_after_it_was_written(tmp_path):
    record.save(tmp_path, full(tmp_path))
    assert record.load(tmp_path) == full(tmp_path)
    assert stat.S_IMODE((tmp_path / record.FILE).stat().st_mode) == 0o600


def test_where_nothing_was_written_there_is_no_record(tmp_path):
    assert record.load(tmp_path) is None


def test_what_cannot_be_written_leaves_what_was_there(tmp_path):
    record.save(tmp_path, full(tmp_path))
    (tmp_path / f"{record.FILE}.new").mkdir()
    with pytest.raises(IsADirectoryError):
        record.save(tmp_path, Record())
    assert record.load(tmp_path) == full(tmp_path)


@pytest.mark.parametrize("change", [lambda text: text[:-9], lambda text: "[]", lambda text: "{}"])
def test_a_record_that_cannot_be_read_is_no_empty_one(tmp_path, change):
    """A service that forgot what is live would answer 503 as if that were right."""
    record.save(tmp_path, full(tmp_path))
    path = tmp_path / record.FILE
    path.write_text(change(path.read_text()))
    with pytest.raises(PhaseError) as caught:
        record.load(tmp_path)
    assert str(path) in caught.value.what


def test_a_record_of_another_version_is_not_read(tmp_path):
    record.save(tmp_path, full(tmp_path))
    path = tmp_path / record.FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 2}))
    with pytest.raises(PhaseError):
        record.load(tmp_path)


def test_an_instance_is_there_once_and_leaves_with_its_routes(tmp_path):
    again = full(tmp_path).with_instance(serviced.instance(tmp_path, "a", replicas=5))
    assert [each.replicas for each in again.instances] == [5]
    assert full(tmp_path).without("a") == Record(
        port=80, fence=3, routes=Routes(fallback=Share(release_id="b", ports=(7,)))
    )
    assert again.routes == full(tmp_path).routes
