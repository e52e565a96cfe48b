"""Lines of a CloudWatch log group."""

from __future__ import annotations

import time

from deployer.aws.conftest import client

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.logs import lines_of


def test_the_last_lines_of_the_streams_that_are_wanted_then_new_ones(front):
    """In their order; a group that is not there has none."""
    logs, now = client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName="/ecs/web")
    for stream in ("r1/a", "r1/b", "r2/a"):
        logs.create_log_stream(logGroupName="/ecs/web", logStreamName=stream)

    def put(stream, at, *texts):
        events = [{"timestamp": now + at, "message": text} for text in texts]
        logs.put_log_events(logGroupName="/ecs/web", logStreamName=stream, logEvents=events)

    put("r1/a", 0, "one")
    put("r2/a", 1, "another's")
    put("r1/b", 2, "two")
    put("r1/a", 3, "three")
    given = {"lines": 2, "is_wanted": lambda name: name.startswith("r1/")}
    calls = Calls(service="web")
    assert list(lines_of(calls, "/ecs/web", follow=False, **given)) == ["two", "three"]
    following = lines_of(calls, "/ecs/web", follow=True, **given)
    assert [next(following), next(following)] == ["two", "three"]
    put("r1/a", 4, "four")
    assert next(following) == "four"
    assert list(lines_of(calls, "/gone", follow=False, **given)) == []
