"""The diagnosis as a person sees it: a card where there is HTML, the same in lines everywhere else.

Both say the same, and each stands alone: a saved notebook keeps both, a
terminal and CI get the lines. Everything in a diagnosis may come from a program
nobody trusts, so that it is shortened, made visible and escaped here, where it
enters the page, whoever made it. The page needs no script: the traceback
unfolds as `details`, the place is a link that a notebook follows by itself; the
panel's extension makes it go to the line, too.
"""

from __future__ import annotations

import dataclasses
import html
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from ..redact import harmless, one_line
from ..values import Diagnosis, Frame
from . import front

PIECE_CHARS = 1000  #: of one statement; what is longer is no statement
EVIDENCE = 8  #: statements that are shown
TRACEBACK_CHARS = 100_000  #: of a whole traceback; what is longer loses its middle
MOST_LINES = 10**7  #: of a file or a cell; a greater number is no line's
_IN_CELL = re.compile(r"In \[(?P<cell>\d{1,9})\]:(?P<line>\d{1,7})")
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


def text_of(diagnosis: Diagnosis, *, said: str = "") -> str:
    r"""Return a diagnosis as lines, without a last newline: `code at where: why`, because, fix.

    Parameters
    ----------
    diagnosis : Diagnosis
        Any; nothing in it is trusted.
    said : str, optional
        What stands right above, such as the error's own last line: a why that
        only repeats it is left out.

    Examples
    --------
    >>> found = Diagnosis(code="no-key", why="there is no 'plum'", fix="use 'plums'", where="a.py:2")
    >>> print(text_of(found))
    no-key at a.py:2: there is no 'plum'
      fix: use 'plums'
    """
    place = f" at {_piece(diagnosis.where)}" if diagnosis.where else ""
    why = _why(diagnosis, said)
    lines = [f"{_piece(diagnosis.code)}{place}{': ' if why else ''}{why}"]
    lines += [f"  because: {item}" for item in _evidence(diagnosis)]
    lines += [f"  fix: {_piece(diagnosis.fix)}"] if diagnosis.fix else []
    return "\n".join(lines)


def html_of(diagnosis: Diagnosis, *, said: str = "", folder: str = "", whole: str = "") -> str:
    """Return a diagnosis as HTML that runs nothing.

    Parameters
    ----------
    diagnosis : Diagnosis
        Any; nothing in it is trusted.
    said : str, optional
        What stands right above: a why that only repeats it is left out.
    folder : str, optional
        The notebook's, absolute, for links to files.
    whole : str, optional
        The whole traceback, with or without colours, where the one above the
        card leaves something out.
    """
    code = f"<code>{html.escape(_piece(diagnosis.code))}</code>"
    likely = " <span>(likely)</span>" if diagnosis.confidence == "likely" else ""
    place = f" at {place_of(diagnosis, folder)}" if diagnosis.where else ""
    why = html.escape(_why(diagnosis, said))
    parts = [f"<div>{code}{likely}{place}{': ' if why else ''}<span>{why}</span></div>"]
    parts += [
        f'<div style="padding-left:1.2em">because: {html.escape(item)}</div>' for item in _evidence(diagnosis)
    ]
    if diagnosis.fix:
        parts.append(f"<div>fix: <code>{html.escape(_piece(diagnosis.fix))}</code></div>")
    if whole:
        parts.append(_toggle(whole))
    label = html.escape(f"Diagnosis: {_piece(diagnosis.code)}", quote=True)
    head = f'<div class="jp-Autoexec-card" role="group" aria-label="{label}" style="{_BOX}">'
    return f"{head}{''.join(parts)}</div>"


def place_of(diagnosis: Diagnosis, folder: str = "") -> str:
    """Return the place of a failure as HTML: a link where a notebook can follow it, else text."""
    words = html.escape(_piece(diagnosis.where))
    frame = diagnosis.frame
    target = _target(frame, folder) if frame is not None else ""
    if frame is None or not target:
        return f"<span>{words}</span>"
    line = frame.line if 0 < frame.line < MOST_LINES else 0
    return (
        f'<a class="jp-Autoexec-where" style="{_LINK}" href="{html.escape(target, quote=True)}"'
        f' data-autoexec-line="{line}">{words}</a>'
    )


def placed(diagnosis: Diagnosis, cells: Mapping[str, str]) -> Diagnosis:
    """Return a diagnosis whose place in a cell has the notebook's own id of that cell, where it is known.

    Parameters
    ----------
    diagnosis : Diagnosis
        Its place is `In [NUMBER]:LINE`, or has a frame that names a cell.
    cells : mapping of str to str
        Ids by the number beside the cell.
    """
    frame = diagnosis.frame
    if (frame is None or not frame.cell) and (found := _IN_CELL.fullmatch(diagnosis.where)):
        # A frame of a live exception knows only the file that the kernel compiled the cell as.
        frame = dataclasses.replace(frame or Frame(), cell=found["cell"], line=int(found["line"]))
    if frame is None or frame.cell_id or not cells.get(frame.cell):
        return diagnosis
    return dataclasses.replace(diagnosis, frame=dataclasses.replace(frame, cell_id=cells[frame.cell]))


def show(
    shell: Any,
    diagnosis: Diagnosis,
    *,
    said: str = "",
    whole: str = "",
    on_fix: Callable[[], None] | None = None,
) -> None:
    """Show a diagnosis below what the cell shows already: a card in a page, else lines on stderr.

    nbclient's error holds what a cell wrote, not what it displays: where nobody
    sits before a page, lines tell more.

    Parameters
    ----------
    shell
        IPython's.
    diagnosis : Diagnosis
        What to show.
    said : str, optional
        The error's own last line, which stands right above.
    whole : str, optional
        The whole traceback, where the one above leaves something out.
    on_fix : callable, optional
        Carries the fix out; where it can be clicked there is a button for it.
    """
    lines = f"autoexec: {text_of(diagnosis, said=said)}"
    if getattr(shell, "kernel", None) is None or not front.has_person(shell):
        print(lines, file=sys.stderr)  # noqa: T201 - below the traceback
        return
    from IPython.display import display

    page = html_of(diagnosis, said=said, folder=front.folder_of(shell), whole=whole)
    display({"text/html": page, "text/plain": lines}, raw=True)
    if on_fix is not None and diagnosis.fix and diagnosis.action is not None and front.has_widgets(shell):
        from .button import offer

        is_shown_first = diagnosis.action.kind == "replace"  # a person sees a change before it is run
        label = "Show the change" if is_shown_first else "Run it"
        offer(_piece(diagnosis.fix), on_fix, label=label)


def plain(text: str) -> str:
    """Return text of many lines without colours, with what is not seen made visible."""
    return _UNSEEN.sub("\ufffd", _COLOUR.sub("", harmless(text)))


def _toggle(whole: str) -> str:
    # A box that scrolls is reached with the tab key; without a name it would be read out as nothing.
    return (
        '<details><summary style="cursor:pointer">Whole traceback</summary>'
        f'<pre role="region" aria-label="Whole traceback" tabindex="0" style="{_TEXT}">'
        f"{html.escape(_lines(whole))}</pre></details>"
    )


def _target(frame: Frame, folder: str) -> str:
    """Return what a link to a frame leads to, or "".

    JupyterLab and Notebook 7 scroll to the cell that a bare fragment names, and
    so does nbconvert's page; JupyterLab opens a file beside the notebook, at the
    line, which its editor counts from 0.
    """
    if frame.cell_id:
        return f"#cell-id={frame.cell_id}" if _CELL_ID.fullmatch(frame.cell_id) else ""
    file = PurePosixPath(frame.file)
    if not folder.startswith("/") or ".." in file.parts or not file.is_relative_to(folder):
        return ""
    path = quote(str(file.relative_to(folder)))
    return f"{path}#line={frame.line - 1}" if 0 < frame.line < MOST_LINES else path


def _why(diagnosis: Diagnosis, said: str) -> str:
    """Return why, unless a text that ends with it was just read."""
    why = _piece(diagnosis.why)
    return "" if why and _piece(said).endswith(why) and diagnosis.where else why


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
