"""Every attack has a benign twin, and the twins run in the cage `workspace`."""

from __future__ import annotations

from collections import Counter

import corpus
import pytest
import runs
import twins
from runs import NOBODY, Mode
from skips import requires

MODES = [Mode(name="twins, workspace, root"), Mode(name="twins, workspace, user", uid=NOBODY)]
MINUTES = 60.0


@pytest.fixture(autouse=True)
def protected():
    """Run no line where it could do harm."""
    requires(not runs.obstacle(), runs.obstacle(), "run as root on Linux, with util-linux")


def passed(mode: Mode, attacks, say) -> None:
    """Run the twins and fail with what is not as the table says."""
    missing = {attack.id: corpus.missing(attack, runs.path()) for attack in attacks}
    present = [attack for attack in attacks if not missing[attack.id]]
    found = runs.run(mode, [(attack.id, attack.twin) for attack in present])
    expected = twins.expected(has_mounts=any("mounts" in result.mechanism for result in found.values()))
    cured = 0
    for options in {str(reason.cure): reason.cure for reason in expected.values() if reason.cure}.values():
        again = [each for each in present if each.id in expected and expected[each.id].cure == options]
        with_cure = Mode(name=f"{mode.name}, {options}", uid=mode.uid, options=options)
        results = runs.run(with_cure, [(attack.id, attack.twin) for attack in again]) if again else {}
        cured += len(results)
        assert {name: result.tail for name, result in results.items() if result.returncode} == {}
    failed = {name: result for name, result in found.items() if result.returncode != 0}
    absent = Counter(name for names in missing.values() for name in names)
    lacking = ", ".join(f"{name} ({count})" for name, count in sorted(absent.items())) or "nothing"
    say(
        f"{mode.name}: {len(found)} run, {len(found) - len(failed)} pass, {cured} more with an option, "
        f"{len(failed) - cured} do not; {len(attacks) - len(present)} not run for want of {lacking}"
    )
    unexpected = {name: result.tail for name, result in failed.items() if name not in expected}
    assert unexpected == {}
    assert sorted(name for name in found if name in expected and name not in failed) == []


@pytest.mark.parametrize("mode", MODES, ids=["root", "user"])
@pytest.mark.limit(5 * MINUTES)
def test_some_twins_of_every_family_pass(mode, say):
    """Two of each; the slow test runs all."""
    passed(mode, corpus.sample(corpus.attacks()), say)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES, ids=["root", "user"])
@pytest.mark.limit(15 * MINUTES)
def test_every_twin_passes_or_has_its_reason(mode, say):
    """A twin that passes though the table says that it cannot is a fault, too."""
    passed(mode, corpus.attacks(), say)


def test_the_table_names_twins():
    """Each once, and with a reason."""
    names = [name for reason in twins.REASONS for name in reason.ids]
    assert max(Counter(names).values()) == 1
    assert set(names) <= {attack.id for attack in corpus.attacks()}
    assert all(reason.why for reason in twins.REASONS)
