"""The logs of a release."""

from __future__ import annotations

import pytest
from kubes import settled

from autoexec_magic.errors import DeployError

pytestmark = pytest.mark.limit(300)
COUNTS = (
    "import itertools, os, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n"
    "for number in itertools.count():\n"
    "    print('line', number, os.environ.get('KEY', ''), flush=True); time.sleep(0.05)\n"
)


def counting(kube, service, emit, **more):
    from autoexec_magic.releasefacts import Gate

    target = kube.target(service, **more.pop("target", {}))
    release = kube.release(
        service, command=("python3", "-c", COUNTS), gate=Gate(command=("sh", "-c", "exit 0")), **more
    )
    target.stage(release, emit)
    settled(lambda: target.unwell(release) is None, "it runs")
    return target, release


def test_lines_come_as_they_are_written(kube, service, emit):
    target, release = counting(kube, service, emit)
    lines = target.logs(release, lines=3, follow=True)
    numbers = [int(next(lines).split()[1]) for _ in range(30)]
    lines.close()
    assert numbers == list(range(numbers[0], numbers[0] + 30))
    assert len(list(target.logs(release, lines=2, follow=False))) == 2


def test_the_lines_of_several_pods_say_whose_they_are(kube, service, emit):
    target, release = counting(kube, service, emit, replicas=2)
    lines = target.logs(release, lines=1, follow=True)
    pods = {next(lines).split()[0] for _ in range(60)}
    lines.close()
    assert len(pods) == 2
    assert {each.split()[0] for each in target.logs(release, lines=1, follow=False)} == pods


def test_a_secret_that_is_written_to_the_log_is_not_shown(kube, service, emit):
    release = {"environment": {"KEY": "swordfish"}}
    target, of = counting(kube, service, emit, target={"values": {"KEY": "swordfish"}}, **release)
    (line,) = target.logs(of, lines=1, follow=False)
    assert line.endswith("***")


def test_a_release_without_pods_has_no_log_and_says_so(kube, service):
    with pytest.raises(DeployError, match="has no pods"):
        list(kube.target(service).logs(kube.release(service), lines=1, follow=True))
