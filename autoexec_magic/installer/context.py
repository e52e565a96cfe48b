"""What the installer needs to know of its surroundings, as a value that is handed down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .. import executor
from ..config import Config
from ..events import Emit, Progress
from ..values import Ask, Resolution
from .decide import Ages, named
from .known import normal
from .query import Query
from .sources import Sources, sources

if TYPE_CHECKING:
    from .search import Search
    from .tool import Toolbox


LONGEST_HOURS = 24.0  # a release may have been withdrawn, or a project put into quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the installer needs to know of its surroundings.

    `folders` are where the user's own files are; `cache` keeps wheels. `ahead`
    says that what is found is to be installed, with what it needs.
    """

    config: Config
    folders: tuple[Path, ...]
    cache: Path
    emit: Emit
    ask: Ask
    run_id: str = ""
    cancel: executor.Cancel | None = None
    ahead: bool = False

    @property
    def sources(self) -> Sources:
        """Where packages come from."""
        return sources(self.config.index_url)

    @property
    def ages(self) -> Ages:
        """How old a project and a release must be."""
        return Ages(project=self.config.project_age_days, release=self.config.release_age_days)

    @property
    def search(self) -> Search:
        """Where and how to look for packages."""
        from .search import Search

        return Search(
            sources=self.sources,
            cache=self.cache / "wheels",
            release_age_days=self.config.release_age_days,
            blocked=frozenset(map(normal, self.config.blocked)),
            keep_seconds=3600 * min(self.config.index_hours, LONGEST_HOURS),
            most_bytes=self.config.cache_mb * 2**20,
            ahead=self.ahead,
            tell=lambda text: self.emit(Progress(phase="install", text=text)),
            run_id=self.run_id,
            cancel=self.cancel,
        )


def toolbox(context: Context, reasons: Sequence[Resolution] = ()) -> Toolbox:
    """Return what an install needs; `reasons` are what was decided, for the ledger."""
    from .kept import Store
    from .search import find
    from .tool import Toolbox

    search = replace(context, ahead=True).search  # to work out the sources reads several files

    def look(queries: Sequence[Query]) -> Mapping[Query, Resolution]:
        answers = find(queries, search)
        now = datetime.now(UTC)
        return {query: named(found, context.ages, now) for query, found in answers.items()}

    return Toolbox(
        sources=search.sources,
        emit=context.emit,
        ask=context.ask,
        look=look,
        store=Store(search.cache),
        run_id=context.run_id,
        cancel=context.cancel,
        reasons=tuple(reasons),
    )
