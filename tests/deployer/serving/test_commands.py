"""What a command leaves on disk before it is answered."""

from __future__ import annotations

import pytest
import serviced

from autoexec_magic.deployer.serving import record
from autoexec_magic.deployer.serving.commands import Commands
from autoexec_magic.deployer.serving.keeping import Keeping
from autoexec_magic.deployer.serving.record import Record
from autoexec_magic.deployer.serving.router import Router
from autoexec_magic.deployer.serving.routes import Routes, Share
from autoexec_magic.errors import PhaseError, UsageError

TO_C = Routes(shares=(Share(release_id="c", ports=(9,)),))


@pytest.fixture
def commands(tmp_path):
    """Commands of a service without a process of its own."""
    keeping = Keeping(tmp_path)
    router = Router(lambda share: share.ports)
    ended = []
    made = Commands(
        tmp_path,
        pid=1,
        wanted=Record(port=80),
        router=router,
        keeping=keeping,
        on_end=lambda: ended.append(1),
    )
    made.router, made.ended = router, ended
    yield made
    keeping.end()


def do(commands, name, **options):
    """Carry out one command."""
    return serviced.in_loop(commands({"do": name, **options}))


def test_a_switch_is_on_disk_before_it_is_answered(tmp_path, commands):
    do(commands, "route", routes=TO_C.to_json(), fence=4)
    assert record.load(tmp_path) == Record(port=80, fence=4, routes=TO_C)
    assert commands.router.routes == TO_C


def test_a_switch_that_cannot_be_written_down_is_none(tmp_path, commands):
    """A full disk: requests go where they went, and the caller hears of it."""
    (tmp_path / "state.json.new").mkdir()
    with pytest.raises(IsADirectoryError):
        do(commands, "route", routes=TO_C.to_json(), fence=4)
    assert commands.router.routes == Routes()
    assert commands.state().fence == 0


def test_a_lower_fence_is_refused_and_the_same_one_is_not(commands):
    do(commands, "route", routes=TO_C.to_json(), fence=4)
    do(commands, "route", routes=TO_C.to_json(), fence=4)
    with pytest.raises(PhaseError):
        do(commands, "route", routes=Routes().to_json(), fence=3)
    assert commands.router.routes == TO_C


def test_an_instance_is_on_disk_until_it_is_stopped(tmp_path, commands):
    web = serviced.instance(tmp_path, "web")
    do(commands, "start", instance=web.to_json())
    assert record.load(tmp_path).instances == (web,)
    assert do(commands, "stop", release_id="web", drain_seconds=0) == {"was_there": True, "is_idle": True}
    assert record.load(tmp_path).instances == ()


def test_one_that_is_started_again_while_its_requests_end_is_not_ended(tmp_path, commands, monkeypatch):
    """A rollback to it came meanwhile: to end it then would end what is live."""
    web = serviced.instance(tmp_path, "web")

    async def both():
        await commands({"do": "start", "instance": web.to_json()})

        async def idle(release_id, seconds):
            await commands({"do": "start", "instance": web.to_json()})
            return True

        monkeypatch.setattr(commands._router, "idle", idle)
        return await commands({"do": "stop", "release_id": "web", "drain_seconds": 5})

    assert serviced.in_loop(both()) == {"was_there": False, "is_idle": True}
    assert record.load(tmp_path).instances == (web,)
    assert [each.release_id for each in commands._keeping.instances()] == ["web"]


def test_the_end_leaves_nothing_to_be_live(tmp_path, commands):
    do(commands, "route", routes=TO_C.to_json(), fence=4)
    do(commands, "end")
    assert record.load(tmp_path) == Record(port=80, fence=4)
    assert commands.ended == [1]


def test_what_is_no_command_is_refused(commands):
    with pytest.raises(UsageError):
        do(commands, "dance")
