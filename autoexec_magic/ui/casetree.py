"""A run of tests as HTML, which a saved notebook shows without any kernel: failures first, then the files."""

from __future__ import annotations

import html
import re
from collections import Counter

from ..events import CaseFinished
from .cases import LETTERS, Cases

MOST_OPEN = 50  #: failures with all that was said; the rest stand in a line each
MOST_FILES = 200
_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_FONT = "font-size:var(--jp-code-font-size,13px);line-height:var(--jp-code-line-height,1.3)"
_PRE = f"margin:0;white-space:pre-wrap;overflow:auto;max-height:24em;{_FONT}"
_BAD = "color:var(--jp-error-color1,#c00)"
_CELL = "text-align:left;vertical-align:top;white-space:pre-wrap"


def tree(cases: Cases) -> str:
    """Return the failures, each to be opened, their causes, and how each file stands."""
    parts = [_causes(cases)]
    events = list(cases.bad.values())
    parts += [_failure(event) for event in events[:MOST_OPEN]]
    if len(events) > MOST_OPEN:
        rest = "\n".join(cases.short()[MOST_OPEN:])
        parts.append(_opened(f"{len(events) - MOST_OPEN:,} more", f'<pre style="{_PRE}">{_safe(rest)}</pre>'))
    parts += [_files(cases), _slowest(cases)]
    return "".join(part for part in parts if part)


def bar(cases: Cases) -> str:
    """Return how far it has got, as a meter with its words beside it."""
    if not cases.total:
        return ""
    bad = cases.counts["failed"] + cases.counts["error"]
    return (
        f'<progress max="{cases.total}" value="{cases.done}" style="width:16em"'
        f' aria-label="tests done"></progress> <span style="{_BAD if bad else ""}">'
        f"{_safe(cases.standing())}</span>"
    )


def _failure(event: CaseFinished) -> str:
    failure = event.failure
    letter = LETTERS.get(event.verdict, "?")
    head = (
        f'<span style="{_BAD}">{letter} {_safe(event.verdict)}</span> <code>{_safe(event.nodeid)}</code>'
        f" {_safe(event.message)}"
    )
    if failure is None:
        return f"<div>{head}</div>"
    body = ""
    if failure.why or failure.fix:
        fix = f"<br>fix: <code>{_safe(failure.fix)}</code>" if failure.fix else ""
        body += (
            f"<div><b>{_safe(failure.cls)}</b> ({_safe(failure.confidence)}): {_safe(failure.why)}{fix}</div>"
        )
    if failure.line:
        place = f"<code>{_safe(failure.file)}:{failure.line}</code>"
        body += f"<div>{place} <code>{_safe(failure.source)}</code></div>"
    if failure.op:
        rows = "".join(
            f'<tr><th scope="row" style="{_CELL}">{_safe(name)}</th>'
            f'<td style="{_CELL}"><code>{_safe(value)}</code></td></tr>'
            for name, value in (("left", failure.left), (f"{failure.op} right", failure.right))
        )
        body += f"<table>{rows}</table>"
    body += f'<pre style="{_PRE}">{_safe(failure.text)}</pre>'
    for name, text in (("stdout", failure.stdout), ("stderr", failure.stderr)):
        if text.strip():
            body += f'<div>{name}</div><pre style="{_PRE}">{_safe(text)}</pre>'
    return _opened(head, body, is_html=True)


def _causes(cases: Cases) -> str:
    lines = cases.causes()
    if len(lines) < 2:
        return ""
    return f'<pre style="{_PRE}">{_safe(chr(10).join(lines))}</pre>'


def _files(cases: Cases) -> str:
    if len(cases.files) < 2 or len(cases.files) > MOST_FILES:
        return ""
    order = sorted(cases.files.items(), key=lambda item: (-_bad(item[1]), item[0]))
    rows = "".join(
        f'<tr><td style="{_CELL}"><code>{_safe(file)}</code></td>'
        f'<td style="{_CELL}">{_safe(_counted(counts))}</td></tr>'
        for file, counts in order
    )
    return _opened(f"{len(cases.files)} files", f"<table>{rows}</table>")


def _slowest(cases: Cases) -> str:
    slow = [(seconds, nodeid) for seconds, nodeid in cases.slow if seconds >= 0.1]
    if not slow:
        return ""
    rows = "".join(
        f'<tr><td style="{_CELL}">{seconds:.2f} s</td><td style="{_CELL}"><meter max="{slow[0][0]:.4f}"'
        f' value="{seconds:.4f}"></meter> <code>{_safe(nodeid)}</code></td></tr>'
        for seconds, nodeid in slow
    )
    return _opened("the slowest", f"<table>{rows}</table>")


def _counted(counts: Counter[str]) -> str:
    from ..testrunner import counts_of

    return counts_of(+counts)


def _bad(counts: Counter[str]) -> int:
    return counts["failed"] + counts["error"] + counts["not-run"]


def _opened(head: str, body: str, *, is_html: bool = False) -> str:
    return f"<details><summary>{head if is_html else _safe(head)}</summary>{body}</details>"


def _safe(text: str) -> str:
    return html.escape(_COLOUR.sub("", text))
