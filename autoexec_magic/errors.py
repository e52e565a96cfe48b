"""Everything autoexec_magic raises on purpose.

AutoexecError
 |- UsageError          the line or the configuration is wrong -> edit it
 |- NeedsPerson         a question nobody could answer         -> say yes, or no
 |- MissingTool         a program, an extra, an engine         -> install it
 |- PolicyRefused       the command may not run                -> change it, or the policy
 |- CageError           the cage asked for is not to be had    -> install it, or ask for less
 |- LedgerError         the ledger cannot be read or written   -> make room, or look at it
 |- RunTimeout          a limit was hit                        -> raise the limit
 |   |- MemoryLimit
 |   |- CpuLimit
 |   |- OutputLimit
 |   |- ProcessLimit
 |   |- FileSizeLimit
 |   `- OpenFilesLimit
 `- PhaseError          a phase ran and did not succeed
     |- InstallError
     |- ScriptError
     |   `- KilledBySignal
     |- SweepFailed
     |- CasesFailed
     |- BuildError
     `- DeployError
         |- ServiceLocked       somebody else deploys it just now  -> wait for it
         |- RolledBack          the earlier release is live again, read back and well
         |- RollbackFailed      it is not back                     -> look at it now
         |- RollbackUnverified  it was put back, and nobody can say whether it is
         `- DeployUnknown       nobody can say what is live        -> ask again
Cancelled(BaseException)        a person stopped it; user code must not swallow it

Each class carries the verdict a run ends with when it is raised, so that the
table of verdicts and exit codes stands in one place. Imports nothing from this
package, so every module may import it.
"""

from __future__ import annotations

from typing import ClassVar


class _Explained:
    """What failed, why we think so, and what to type next."""

    code: ClassVar[str]
    verdict: ClassVar[str]
    what: str
    why: str
    fix: str
    evidence: tuple[str, ...] = ()  #: what else says so, most telling first
    report: object = None  #: the run's `orchestrator.Report`, where there was a run
    is_explained: bool = False  #: why and fix are shown already, so that the message leaves them out

    def __str__(self) -> str:
        lines = [f"{self.code}: {self.what}"]
        lines += [f"  because: {item}" for item in (self.why, *self.evidence) if item]
        lines += [f"  fix: {self.fix}"] if self.fix else []
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """Let IPython show the message instead of our stack."""
        lines = str(self).splitlines()
        return lines[:1] if self.is_explained else lines


class AutoexecError(_Explained, Exception):
    """Base of every error meant for the user.

    Parameters
    ----------
    what : str
        What failed, one line, no full stop, naming the thing (a path, a host).
    why : str, optional
        What we saw that says so: the decisive line of output, not all of it.
    fix : str, optional
        The next thing to type or change. An empty `fix` needs a reason in
        review.
    """

    code: ClassVar[str] = "error"  #: stable, kebab-case; never reworded
    verdict: ClassVar[str] = "failed"  #: a `values.Verdict`

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix


class UsageError(AutoexecError):
    """The line or the configuration is wrong."""

    code = "usage"
    verdict = "invalid"


class NeedsPerson(AutoexecError):
    """A question came up and nobody was there to answer it."""

    code = "asked"
    verdict = "asked"


class MissingTool(AutoexecError):
    """A program, an engine or an extra is not on this machine."""

    code = "missing-tool"
    verdict = "missing"


class PolicyRefused(AutoexecError):
    """The policy does not let the command run."""

    code = "policy-refused"
    verdict = "refused"


class CageError(AutoexecError):
    """The cage that was asked for cannot be had here."""

    code = "cage-error"
    verdict = "refused"


class LedgerError(AutoexecError):
    """The ledger cannot be read or written; what needs a row on it is not begun."""

    code = "ledger-error"


class RunTimeout(AutoexecError):
    """A time limit was hit."""

    code = "timeout"
    verdict = "timed-out"


class MemoryLimit(RunTimeout):
    """It wanted more memory than it may have."""

    code = "memory-limit"


class CpuLimit(RunTimeout):
    """It used all the processor time that it may use."""

    code = "cpu-limit"


class OutputLimit(RunTimeout):
    """It wrote more output than it may write."""

    code = "output-limit"


class ProcessLimit(RunTimeout):
    """It wanted more processes or threads than it may have."""

    code = "process-limit"


class FileSizeLimit(RunTimeout):
    """It wrote a file that is larger than it may be."""

    code = "file-size-limit"


class OpenFilesLimit(RunTimeout):
    """It wanted more open files than it may have."""

    code = "open-files-limit"


class PhaseError(AutoexecError):
    """A phase ran and did not succeed."""

    code = "phase-failed"


class InstallError(PhaseError):
    """What was planned could not be installed; the environment is as before."""

    code = "install-failed"


class ScriptError(PhaseError):
    """A script or command ran and ended with an error."""

    code = "script-failed"


class KilledBySignal(ScriptError):
    """A signal ended a script or command, which was none of ours."""

    code = "killed-by-signal"


class SweepFailed(PhaseError):
    """Not all runs of a sweep passed."""

    code = "sweep-failed"


class CasesFailed(PhaseError):
    """Tests ran and not all of them passed."""

    code = "cases-failed"


class BuildError(PhaseError):
    """What was to be built could not be, or is not what it says; nothing of ours is left lying about."""

    code = "build-failed"


class DeployError(PhaseError):
    """A release could not be deployed; nothing that is live was changed."""

    code = "deploy-failed"


class ServiceLocked(DeployError):
    """Somebody else deploys this service just now."""

    code = "locked"


class RolledBack(DeployError):
    """The new release was not well; what was live before is live again, read back and well."""

    code = "rolled-back"


class RollbackFailed(DeployError):
    """The new release was not well, and what was live before is not back: a person must look."""

    code = "rollback-failed"


class RollbackUnverified(DeployError):
    """What was live before was put back, and the platform could not be asked whether it is."""

    code = "rollback-unverified"


class DeployUnknown(DeployError):
    """The platform does not answer: nobody can say what is live."""

    code = "unknown"


class Cancelled(_Explained, BaseException):
    """A person stopped the run; user code must not swallow it.

    Parameters
    ----------
    what : str
        What was stopped, one line, no full stop.
    why : str, optional
        How it was stopped, or what was stopped with it.
    fix : str, optional
        The command that goes on from here.
    """

    code: ClassVar[str] = "cancelled"
    verdict: ClassVar[str] = "cancelled"

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix
