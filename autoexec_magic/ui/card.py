"""The diagnosis as a person sees it: a card where there is HTML, the same in lines everywhere else.

Both say the same, and each stands alone: a saved notebook keeps both, a
terminal and CI get the lines. Everything in a diagnosis may come from a program
nobody trusts, so that it is shortened, made visible and escaped here, where it
enters the page, whoever made it. The page needs no script: the traceback
unfolds as `details`, the place is a link that a notebook follows by itself; the
panel's extension makes it go to the line, too.
"""

from __future__ import annotations

import html
import re
from pathlib import PurePosixPath
from urllib.parse import quote

from ..redact import harmless, one_line
from ..values import Diagnosis, Frame

PIECE_CHARS = 1000  #: of one statement; what is longer is no statement
EVIDENCE = 8  #: statements that are shown
TRACEBACK_CHARS = 100_000  #: of a whole traceback; what is longer loses its middle
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # JEP 62
_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# What draws nothing or turns the direction of writing, and half characters: in a text of lines they show.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_FONT = "font-size:var(--jp-code-font-size,13px);line-height:var(--jp-code-line-height,1.3)"
_BOX = (
    "margin:4px 0;padding:6px 10px;overflow-wrap:anywhere;"
    "border:1px solid var(--jp-border-color1,currentColor);"
    "border-left:3px solid var(--jp-error-color1,currentColor);"
    "background:var(--jp-layout-color0);color:var(--jp-ui-font-color1)"
)
_LINK = "color:var(--jp-content-link-color);text-decoration:underline"
_TEXT = (
    "max-height:30em;margin:4px 0 0;overflow:auto;white-space:pre;background:var(--jp-layout-color1);"
    f"color:var(--jp-content-font-color1);font-family:var(--jp-code-font-family,monospace);{_FONT}"
)


def text_of(diagnosis: Diagnosis) -> str:
    r"""Return a diagnosis as lines, without a last newline: `code at where: why`, because, fix.

    Examples
    --------
    >>> found = Diagnosis(code="no-key", why="there is no 'plum'", fix="use 'plums'", where="a.py:2")
    >>> print(text_of(found))
    no-key at a.py:2: there is no 'plum'
      fix: use 'plums'
    """
    place = f" at {_piece(diagnosis.where)}" if diagnosis.where else ""
    lines = [f"{_piece(diagnosis.code)}{place}: {_piece(diagnosis.why)}"]
    lines += [f"  because: {item}" for item in _evidence(diagnosis)]
    lines += [f"  fix: {_piece(diagnosis.fix)}"] if diagnosis.fix else []
    return "\n".join(lines)


def html_of(diagnosis: Diagnosis, *, notebook: str = "", traceback: str = "", folded: str = "") -> str:
    """Return a diagnosis as HTML that runs nothing.

    Parameters
    ----------
    diagnosis : Diagnosis
        Any; nothing in it is trusted.
    notebook : str, optional
        The notebook's path, for links that a notebook follows by itself.
    traceback : str, optional
        The whole traceback, with or without colours, where the one above the
        card leaves something out.
    folded : str, optional
        What it leaves out, such as "14 frames in pandas".
    """
    code = f"<code>{html.escape(_piece(diagnosis.code))}</code>"
    likely = " <span>(likely)</span>" if diagnosis.confidence == "likely" else ""
    place = f" at {place_of(diagnosis, notebook)}" if diagnosis.where else ""
    parts = [f"<div>{code}{likely}{place}: <span>{html.escape(_piece(diagnosis.why))}</span></div>"]
    parts += [
        f'<div style="padding-left:1.2em">because: {html.escape(item)}</div>' for item in _evidence(diagnosis)
    ]
    if diagnosis.fix:
        parts.append(f"<div>fix: <code>{html.escape(_piece(diagnosis.fix))}</code></div>")
    if traceback:
        summary = f"Whole traceback: {folded}" if folded else "Whole traceback"
        text = html.escape(_lines(traceback))
        # A box that scrolls is reached with the tab key; without a name it would be read out as nothing.
        parts.append(
            f'<details><summary style="cursor:pointer">{html.escape(_piece(summary))}</summary>'
            f'<pre style="{_TEXT}" tabindex="0" aria-label="Whole traceback">{text}</pre></details>'
        )
    label = html.escape(f"Diagnosis: {_piece(diagnosis.code)}", quote=True)
    head = f'<div class="jp-Autoexec-card" role="group" aria-label="{label}" style="{_BOX}">'
    return f"{head}{''.join(parts)}</div>"


def place_of(diagnosis: Diagnosis, notebook: str = "") -> str:
    """Return the place of a failure as HTML: a link where a notebook can follow it, else text."""
    words = html.escape(_piece(diagnosis.where))
    frame = diagnosis.frame
    target = _target(frame, notebook) if frame is not None else ""
    if frame is None or not target:
        return f"<span>{words}</span>"
    line = frame.line if 0 < frame.line < 10**9 else 0
    return (
        f'<a class="jp-Autoexec-where" style="{_LINK}" href="{html.escape(target, quote=True)}"'
        f' data-autoexec-line="{line}" title="Go to the cell and the line">{words}</a>'
    )


def plain(text: str) -> str:
    """Return text of many lines without colours, with what is not seen made visible."""
    return _UNSEEN.sub("\ufffd", _COLOUR.sub("", harmless(text)))


def _target(frame: Frame, notebook: str) -> str:
    """Return what a link to a frame leads to, relative to the notebook, or ""."""
    if frame.cell_id:
        if not _CELL_ID.fullmatch(frame.cell_id):
            return ""
        # By itself JupyterLab follows a fragment only behind a file's name; nbconvert's page has it, too.
        return f"{quote(PurePosixPath(notebook).name)}#cell-id={frame.cell_id}"
    return ""


def _piece(text: str) -> str:
    line = one_line(text[: 8 * PIECE_CHARS])
    return line if len(line) <= PIECE_CHARS else line[: PIECE_CHARS - 1] + "…"


def _evidence(diagnosis: Diagnosis) -> list[str]:
    return [line for item in diagnosis.evidence[:EVIDENCE] if (line := _piece(item))]


def _lines(text: str) -> str:
    if len(text) > TRACEBACK_CHARS:
        half = TRACEBACK_CHARS // 2
        text = f"{text[:half]}\n… {len(text) - 2 * half:,} characters are not shown\n{text[-half:]}"
    return plain(text)
