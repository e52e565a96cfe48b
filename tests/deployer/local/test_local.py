"""The scenarios on this machine, and what is this target's own."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import stat
from pathlib import Path

import pytest
from deployer import scenarios
from deployer.scenarios import GATE, deploy, first, is_live, release, work
from deployer.traffic import asking, said

from autoexec_magic.deployer import Shift
from autoexec_magic.deployer.serving.client import Serving
from autoexec_magic.deployer.serving.instance import InstanceState, State
from autoexec_magic.deployer.serving.routes import Routes
from autoexec_magic.errors import DeployError, RollbackFailed, RolledBack, UsageError
from autoexec_magic.releasefacts import Secret


@scenarios.each()
@pytest.mark.limit(180)
def test_scenario(bed, scenario):
    """What is told of it is told where it is written."""
    scenario(bed)


@pytest.mark.slow
@pytest.mark.limit(180)
@pytest.mark.parametrize("step", scenarios.STEPS)
@pytest.mark.parametrize("ending", [scenarios.resume, scenarios.abort], ids=["resume", "abort"])
def test_the_client_may_die_at_each_step(bed, step, ending):
    """And no request fails."""
    scenarios.killed(bed, step, ending)


def test_a_canary_splits_the_traffic(bed):
    """First a part of it, then all; nobody is refused."""
    first(bed)
    new = release(bed, "2")
    shift = Shift(steps=(20, 60), step_seconds=1, samples=3)
    with asking(bed.url()) as seen:
        deploy(bed.target(), new, work(bed, shift=shift))
    is_live(bed, new)
    assert seen.failures == []
    assert set(seen.versions) == {"1", "2"}


@pytest.mark.slow
def test_an_undo_to_what_does_not_start_any_more_is_loud(bed):
    """Its program is gone: it is not said that it is back."""
    old = first(bed)
    gate = dataclasses.replace(GATE, bake_seconds=30, failures=1)
    target = bed.target()
    switch = target.serving.stop

    class Breaking(type(target)):
        def switch(self, release, emit, *, fence):
            super().switch(release, emit, fence=fence)
            if release and release.release_id != old.release_id:
                (bed.folder / "web/releases" / old.release_id / "served.py").unlink()
                switch(old.release_id, drain_seconds=0)

    breaking = Breaking(
        service=target.service, folder=target.folder, prepare=target.prepare, values=target.values
    )
    with pytest.raises(RollbackFailed) as caught:
        deploy(
            breaking,
            release(bed, "2", "fails:3", gate=gate),
            work(bed),
        )
    assert "%autoexec" in caught.value.fix


def test_it_goes_on_when_its_supervisor_is_killed(bed):
    """Whoever asks next starts it again, with the same port and the same release."""
    made = first(bed)
    url = bed.url()
    os.kill(bed.target().serving.state().pid, signal.SIGKILL)
    target = bed.target()
    assert target.live().release_id == made.release_id
    scenarios.eventually(lambda: said(url)["version"] == "1")
    assert bed.url() == url


def test_a_process_that_dies_is_started_again(bed):
    """With a pause that grows, and not by us."""
    first(bed)
    state = bed.target().serving.state()
    os.kill(state.instances[0].replicas[0].pid, signal.SIGKILL)
    scenarios.eventually(lambda: bed.target().serving.state().instances[0].replicas[0].restarts == 1)
    scenarios.eventually(lambda: said(bed.url())["version"] == "1")


@pytest.mark.slow
def test_one_that_was_started_again_long_ago_is_well(bed):
    """It was started again four times, and answers: neither its status nor an undo to it calls it unwell."""
    made = first(bed)
    for times in range(1, 5):
        os.kill(bed.target().serving.state().instances[0].replicas[0].pid, signal.SIGKILL)

        def is_back(times=times):
            [replica] = bed.target().serving.state().instances[0].replicas
            return replica.restarts == times and replica.port and said(bed.url())["version"] == "1"

        scenarios.eventually(is_back)
    assert bed.target().unwell(made) is None
    scenarios.fails(bed, release(bed, "2", "exits"))
    is_live(bed, made)


def test_replicas_share_the_requests(bed):
    """Each on a port of its own."""
    made = first(bed, replicas=3)
    assert len(bed.target().serving.state().instance(made.release_id).ports) == 3


@pytest.mark.slow
def test_scaled_to_zero_it_is_live_and_answers_nobody(bed):
    """And comes back by a rollback."""
    old = first(bed)
    none = release(bed, "2", replicas=0)
    deploy(bed.target(), none, work(bed))
    assert bed.target().live().release_id == none.release_id
    deploy(bed.target(), old, work(bed), why="rollback")
    is_live(bed, old)


def test_secrets_are_in_a_file_of_ones_own(bed):
    """And nowhere else that we write."""
    secret = (Secret(name="SECRET", reference="env:S", version="1"),)
    made = release(bed, "1", secrets=secret)
    deploy(bed.target({"SECRET": "very-secret-value"}), made, work(bed))
    files = [path for path in bed.folder.rglob("*") if path.is_file()]
    [holds] = [path for path in files if b"very-secret-value" in path.read_bytes()]
    assert holds.name == "secrets.json"
    assert stat.S_IMODE(holds.stat().st_mode) == 0o600
    assert "very-secret-value" not in json.dumps([str(bed.target().live())])


def listeners(folder):
    """Return the addresses where the processes that are about a folder listen, and their users."""
    inodes, uids = set(), set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes() + os.fsencode((process / "cwd").readlink())
            if os.fsencode(folder) not in words or process.name == str(os.getpid()):
                continue
            uids.add(process.stat().st_uid)
            links = [os.fspath(each.readlink()) for each in (process / "fd").iterdir()]
            inodes |= {each[8:-1] for each in links if each.startswith("socket:[")}
    found = set()
    for name in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path("/proc/net", name).read_text().splitlines()[1:]:
            address, state, inode = (line.split()[at] for at in (1, 3, 9))
            if inode in inodes and (state == "0A" or name.startswith("udp")):
                found.add(address.partition(":")[0])
    return found, uids


def test_it_has_no_more_power_than_it_needs(bed):
    """It listens on 127.0.0.1 alone, as this user, and what it keeps nobody else can read."""
    first(bed)
    deploy(bed.target(), release(bed, "2", replicas=2), work(bed))
    addresses, uids = listeners(bed.folder)
    assert addresses == {"0100007F"}  # 127.0.0.1, as Linux writes it
    assert uids == {os.getuid()}
    assert stat.S_IMODE((bed.folder / "web").stat().st_mode) == 0o700


def test_a_secret_that_nobody_has_any_more_is_told(bed):
    """By its name, with what to type; nothing was changed."""
    old = first(bed)
    secret = (Secret(name="SECRET", reference="env:S", version="1"),)
    with pytest.raises(DeployError, match="has no value of SECRET"):
        deploy(bed.target(), release(bed, "2", secrets=secret), work(bed))
    is_live(bed, old)


@pytest.mark.parametrize("changes", [{"options": (("drian", "3"),)}, {"cpus": 2.0}])
def test_what_it_does_not_know_is_refused(bed, changes):
    """Before anything is done."""
    with pytest.raises(UsageError):
        deploy(bed.target(), release(bed, "1", **changes), work(bed))
    assert bed.target().live() is None


@pytest.mark.slow
def test_what_is_not_live_is_ended_and_old_folders_go(bed):
    """The live one alone runs; those of the last good ones stay, the unwell one's does not."""
    first(bed)
    new = release(bed, "2")
    deploy(bed.target(), new, work(bed))
    with pytest.raises(RolledBack):
        deploy(bed.target(), release(bed, "3", "exits"), work(bed))
    running = [each.release_id for each in bed.target().serving.state().instances if each.replicas]
    assert running == [new.release_id]
    assert len(list((bed.folder / "web/releases").iterdir())) == 2


@pytest.mark.parametrize(("code", "is_well"), [("0", True), ("1", False)])
def test_a_gate_may_be_a_command(bed, code, is_well):
    """It runs where the release does, and gets its port."""
    words = f"import os; raise SystemExit({code} or not os.environ['PORT'])"
    gate = dataclasses.replace(GATE, path="", command=("python3", "-c", words), start_seconds=3)
    made = release(bed, "1", gate=gate)
    if is_well:
        deploy(bed.target(), made, work(bed))
        is_live(bed, made)
    else:
        with pytest.raises(RolledBack):
            deploy(bed.target(), made, work(bed))


@pytest.mark.slow
def test_what_the_proxy_sees_fail_counts(bed):
    """Its health says that it is well, and its answers fail: those who ask are believed."""
    old = first(bed)
    gate = dataclasses.replace(GATE, path="", bake_seconds=60, failures=2)
    error = scenarios.fails(bed, release(bed, "2", "fails:3", gate=gate))
    assert "requests since the last look failed" in error.why
    is_live(bed, old)


def test_code_that_somebody_changed_shows(bed):
    """What is live is not what was deployed any more."""
    made = first(bed)
    assert bed.target().live().changed == ""
    file = bed.folder / "web/releases" / made.release_id / "served.py"
    file.write_text(file.read_text() + "# and more\n")
    assert bed.target().live().changed == "served.py in its folder is not as it was deployed"


@pytest.mark.parametrize(("errors", "is_well"), [(0, True), (1, True), (5, True), (6, False), (100, False)])
def test_a_few_requests_that_fail_are_no_fault_of_a_release(bed, monkeypatch, errors, is_well):
    """Some apps answer 500 now and then: more than one in twenty makes a look a bad one."""
    made = release(bed, "1")
    target = bed.target()
    monkeypatch.setattr(type(target), "unwell_aside", lambda self, release: None)
    states = iter([(1000, 3), (1100, 3 + errors)])

    def state(self):
        requests, failed = next(states)
        seen = InstanceState(release_id=made.release_id, requests=requests, errors=failed)
        return State(pid=1, host="", port=1, fence=0, routes=Routes(), instances=(seen,))

    monkeypatch.setattr(Serving, "state", state)
    assert target.unwell(made) is None  # the first look: what was before is not this deploy's
    assert (target.unwell(made) is None) is is_well


@pytest.mark.parametrize("drain", ["-1", "nan", "inf", "3601", "soon"])
def test_a_drain_that_cannot_be_is_refused_before_anything_is_done(bed, drain):
    """Not after the switch."""
    with pytest.raises(UsageError, match="drain cannot be"):
        bed.target().stage(release(bed, "1", options=(("drain", drain),)), print)


def test_a_command_is_what_was_prepared_of_it(bed):
    """A word without a path was looked up in its environment: that is what runs."""
    made = release(bed, "1", command=("served",))
    deploy(bed.target(), made, work(bed))
    is_live(bed, made)


def test_logs_of_releases_that_are_gone_are_kept_for_a_while(bed):
    """The newest ten of them, with those that were turned over."""
    folder = bed.folder / "web/serving/logs"
    folder.mkdir(parents=True)
    for number in range(14):
        (folder / f"r{number:02}.log").touch()
        (folder / f"r{number:02}.log.1").touch()
    bed.target().tidy(None, [], print)
    assert sorted(path.name for path in folder.iterdir())[:2] == ["r04.log", "r04.log.1"]
    assert len(list(folder.iterdir())) == 20


def test_its_log_is_read(bed):
    """The last lines of it."""
    made = first(bed)
    lines = list(bed.target().logs(made, lines=5, follow=False))
    assert any("version 1 begins" in line for line in lines)


@pytest.mark.slow
def test_the_port_that_was_asked_for_is_the_services(bed):
    """And stays, whatever is deployed after."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    first(bed, port=port)
    assert bed.url() == f"http://127.0.0.1:{port}"
    deploy(bed.target(), release(bed, "2"), work(bed))
    assert bed.url() == f"http://127.0.0.1:{port}"
