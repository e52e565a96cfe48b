"""Which policy a command is judged by: the built-in one, a person's settings, and what the project offers.

A project may loosen the policy once a person has accepted exactly what it says.
That is asked about when it first would make a difference, and nowhere else: a
question that changes nothing teaches people to say yes.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from .. import config as settings
from .. import executor
from ..config import Config
from ..errors import UsageError
from ..values import Answer, Question
from .plan import NO_LIMITS, Command
from .surroundings import Surroundings

_log = logging.getLogger(__name__)


def rules_for(step: Command, here: Surroundings) -> executor.policy.Policy:
    """Return the policy for a command; a person is asked where the project's offer would let it run.

    Raises
    ------
    UsageError
        A pattern is none.
    NeedsPerson
        Nobody could answer.
    """
    rules = policy_of(here.config, here.workspace)
    if here.loaded is None or not here.loaded.open_offers:
        return rules
    offered = policy_of(here.loaded.accepted(), here.workspace)
    if _answer(step, rules, here) != "ask" or _answer(step, offered, here) != "allow":
        return rules
    question = Question(
        text="let this project loosen the policy for its own commands ?",
        evidence=(
            *(f"{offer.source}: {line}" for offer in here.loaded.open_offers for line in offer.lines),
            f"with that this would run unasked: {executor.shown(step.line or step.argv)}",
        ),
        fix="%autoexec policy accept",
        needs_person=True,
    )
    if not here.ask(question):
        return rules
    try:
        settings.accept(here.loaded)
    except UsageError as error:  # a full disk: it was a yes all the same
        _log.warning("it will be asked again: %s", error)
    return offered


def policy_of(config: Config, workspace: Path) -> executor.policy.Policy:
    """Return the policy that the settings make of the built-in one.

    Raises
    ------
    UsageError
        A pattern is none.
    """
    named = {"allow": config.policy_allow, "ask": config.policy_ask, "refuse": config.policy_refuse}
    for key, patterns in named.items():
        for pattern in patterns:
            _check_pattern(key, pattern)
    return executor.policy.Policy(
        programs=executor.policy.DEFAULT.programs | frozenset(config.policy_programs),
        allow=config.policy_allow,
        ask=config.policy_ask,
        refuse=config.policy_refuse,
        roots=tuple(workspace / Path(root).expanduser() for root in config.policy_roots),
    )


def _check_pattern(key: str, pattern: str) -> None:
    try:
        executor.policy.words_of(pattern)
    except UsageError as error:
        why = f"{error.why}; %autoexec config shows where it comes from"
        raise UsageError(f"policy.{key}: {error.what}", why=why, fix=error.fix) from error


def limits_of(
    config: Config, *, is_caged: bool, given: executor.cage.Limits = NO_LIMITS
) -> executor.cage.Limits | None:
    """Return the limits that a line and the settings make; None is what the level has by itself.

    What stands on the line, in `given`, comes before a setting.
    """
    wanted = {
        "cpu_seconds": config.limits_cpu_seconds,
        "memory_bytes": config.limits_memory_mb * 2**20,
        "processes": config.limits_processes,
        "file_bytes": config.limits_file_mb * 2**20,
        "open_files": config.limits_open_files,
        "output_bytes": config.limits_output_mb * 2**20,
    }
    set_ = {name: max(1, int(value)) for name, value in wanted.items() if value}
    if not set_ and given == NO_LIMITS:
        return None
    usual = executor.cage.CAGED if is_caged else NO_LIMITS
    return given.over(replace(usual, **set_))


def _answer(step: Command, rules: executor.policy.Policy, here: Surroundings) -> Answer:
    words = step.line or step.judged_as or step.argv
    judged = executor.judge(words, workspace=here.workspace, cwd=here.cwd, policy=rules)
    return judged.answer
