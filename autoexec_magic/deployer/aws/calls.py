"""Calls to AWS by boto3, with credentials and region by its own chain; the one module that imports it.

`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and the files below `~/.aws` count as
they do for every program that uses boto3. What says that it is busy is asked
again, with jitter, until a total limit; then nothing is known: `Unanswered`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from autoexec_magic.deployer.aws.faults import CONFLICT, NOT_THERE, Busy, Refused, fault_of
from autoexec_magic.errors import DeployError, MissingTool, UsageError
from autoexec_magic.executor.stops import NEVER

LIMIT_SECONDS = 20.0  #: for so long what is busy is asked again
_CONNECT_SECONDS, _READ_SECONDS = 5.0, 20.0
_MOST_PAUSE = 4.0
_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class Calls:
    """Asks AWS for one service.

    Parameters
    ----------
    service : str
        Whose deploy it is for; stands in the errors.
    region, profile : str
        Else as the machine's AWS settings say.
    limit_seconds : float
        How long what is busy is asked again.
    """

    service: str
    region: str = ""
    profile: str = ""
    limit_seconds: float = LIMIT_SECONDS
    _made: dict[tuple[str, float], Any] = field(default_factory=dict, repr=False)

    def ask(self, api: str, operation: str, /, **given: Any) -> dict[str, Any]:
        """Return AWS's answer.

        Raises
        ------
        Refused
            It was answered, and not done.
        Unanswered
            Nobody answers, or the credentials are not valid any more.
        DeployError, UsageError, MissingTool
            There are no credentials, is no region, or no boto3.
        """
        call = getattr(self._client(api), operation)
        found: dict[str, Any] = self._tried(lambda: call(**given), api, operation)
        return found

    def find(self, api: str, operation: str, /, **given: Any) -> dict[str, Any] | None:
        """Return AWS's answer as `ask` does, None where that is not there."""
        try:
            return self.ask(api, operation, **given)
        except Refused as error:
            if error.error in NOT_THERE:
                return None
            raise

    def every(self, api: str, operation: str, key: str, /, **given: Any) -> list[Any]:
        """Return what all pages of an answer have; an empty list where that is not there."""
        pages = self._client(api).get_paginator(operation)
        try:
            found = self._tried(lambda: list(pages.paginate(**given)), api, operation)
        except Refused as error:
            if error.error in NOT_THERE:
                return []
            raise
        return [each for page in found for each in page[key]]

    def once(self, api: str, operation: str, seconds: float, /, **given: Any) -> dict[str, Any]:
        """Return AWS's answer as `ask` does, asked one time and for so long at most."""
        call = getattr(self._client(api, seconds), operation)
        try:
            found: dict[str, Any] = call(**given)
            return found
        except _theirs() as error:
            raise fault_of(error, api, operation, self.service) from error

    def _tried(self, call: Callable[[], _T], api: str, operation: str) -> _T:
        until, pause = time.monotonic() + self.limit_seconds, 0.2
        while True:
            try:
                return call()
            except _theirs() as error:
                fault = fault_of(error, api, operation, self.service)
                if not _is_again(fault) or time.monotonic() + pause > until:
                    raise _explained(fault) from error
            NEVER.pause(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, _MOST_PAUSE)

    def _client(self, api: str, seconds: float = 0.0) -> Any:
        """Return a client, made once; with `seconds` one that asks one time only."""
        if (made := self._made.get((api, seconds))) is not None:
            return made
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise MissingTool("boto3 is not installed", fix="pip install 'autoexec-magic[aws]'") from error
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=seconds or _READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1 if seconds else 2},
            user_agent_extra="autoexec-magic",
        )
        try:
            session = boto3.session.Session(
                region_name=self.region or None, profile_name=self.profile or None
            )
            made = session.client(api, config=config)
        except _theirs() as error:
            raise fault_of(error, api, "connect", self.service) from error
        self._made[api, seconds] = made
        return made


def check_account(calls: Calls, wanted: str) -> None:
    """Refuse another account than the settings name.

    Raises
    ------
    UsageError
        The credentials are another account's.
    """
    if not wanted:
        return
    seen = str(calls.ask("sts", "get_caller_identity")["Account"])
    if seen != wanted:
        raise UsageError(
            f"these are credentials of account {seen}, and {calls.service} belongs to {wanted}",
            fix="export AWS_PROFILE=NAME, or profile = 'NAME' in its settings",
        )


def _theirs() -> tuple[type[Exception], ...]:
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return ()
    return (BotoCoreError, ClientError)


def _is_again(fault: DeployError | UsageError) -> bool:
    return isinstance(fault, Busy) or (isinstance(fault, Refused) and _is_in_progress(fault))


def _is_in_progress(fault: Refused) -> bool:
    return (fault.error == CONFLICT and "in progress" in fault.why) or "still Draining" in fault.why


def _explained(fault: DeployError | UsageError) -> DeployError | UsageError:
    if isinstance(fault, Refused) and _is_in_progress(fault):
        return Refused(
            "somebody else changes it just now, and does not end",
            error=fault.error,
            why=fault.why,
            fix=fault.fix,
        )
    return fault
