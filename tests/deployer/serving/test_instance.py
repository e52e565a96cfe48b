"""What is to run, and what is seen of it, as values and as JSON."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.deployer.serving.instance import (
    Instance,
    InstanceState,
    ReplicaState,
    State,
    check_variables,
    instance_from_json,
    state_from_json,
)
from autoexec_magic.deployer.serving.routes import Routes, Share
from autoexec_magic.errors import UsageError

WEB = Instance(
    release_id="web-1",
    argv=("/bin/web", "--x"),
    cwd="/srv",
    environment={"A": "1"},
    secrets_file="/srv/secrets.json",
    replicas=2,
    level="workspace",
    read=("/data",),
    memory_bytes=1000,
    labels={"digest": "sha256:1"},
)


def test_an_instance_is_the_same_after_json():
    assert instance_from_json(json.loads(json.dumps(WEB.to_json()))) == WEB


def test_what_a_newer_version_wrote_is_left_out():
    assert instance_from_json({**WEB.to_json(), "of_tomorrow": 1}) == WEB


def test_a_state_is_the_same_after_json():
    replica = ReplicaState(
        number=1, port=5, pid=6, start_time=7, restarts=1, last_end="exit 1", last_line="x"
    )
    seen = InstanceState(
        release_id="web-1", replicas=(replica, ReplicaState(number=2)), requests=3, labels={"a": "b"}
    )
    state = State(
        pid=1,
        host="127.0.0.1",
        port=2,
        fence=3,
        routes=Routes(shares=(Share(release_id="web-1"),)),
        instances=(seen,),
    )
    assert state_from_json(json.loads(json.dumps(state.to_json()))) == state
    assert state.instance("web-1") == seen
    assert state.instance("web-2") is None
    assert seen.ports == (5,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"release_id": ""},
        {"release_id": "../x"},
        {"release_id": "a/b"},
        {"release_id": ".hidden"},
        {"release_id": "x" * 101},
        {"argv": ()},
        {"argv": ("python",)},
        {"cwd": "here"},
        {"read": ("data",)},
        {"secrets_file": "secrets.json"},
        {"replicas": 0},
        {"replicas": 65},
        {"grace_seconds": -1.0},
        {"grace_seconds": float("nan")},
        {"environment": {"A=B": "1"}},
        {"environment": {"A": "\0"}},
    ],
    ids=repr,
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(UsageError):
        Instance(**{"release_id": "a", "argv": ("/bin/a",), "cwd": "/", **wrong})


def test_a_refused_variable_is_not_told():
    with pytest.raises(UsageError) as caught:
        check_variables({"KEY": "hunter2\0"}, "a")
    assert "hunter2" not in str(caught.value)
