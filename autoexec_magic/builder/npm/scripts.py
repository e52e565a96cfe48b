"""Which of a package's scripts a build runs, in which order, and what a person is asked about them.

npm itself runs `prepack` and `prepare` before it packs, and many packages
compile there instead of in `build`. All three are code of the project's: they
run in the cage, without network, asked about together and once; npm then packs
with scripts switched off, so that nothing runs that was not named. A hook that
only calls `build` again is not run twice. `prepublishOnly` and what comes after
a pack (`postpack`, `publish`, `postpublish`) are not run, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ...trust import digest
from ...values import Question
from ..artifacts import Input
from .manifest import MANIFEST

#: those that a build runs, in this order
RUN = ("build", "prepack", "prepare")
#: those that npm would run, and a build does not
UNRUN = ("prepublishOnly", "prepublish", "postpack", "publish", "postpublish")
_BUILDS = re.compile(
    r"(?:npm|pnpm|yarn|bun)\s+(?:run\s+|run-script\s+)?build(?:\s+(?:-s|--silent|--if-present))*"
)
_BETWEEN = re.compile(r"[\s;&|=<>'\"`()]+")
#: files that say what a tool does, which it finds by itself
_UNASKED = re.compile(
    r"(?i)(?:gnu)?makefile|(?:gulp|grunt|jake)file\b.*|.+\.config\.[cm]?[jt]s|\.(?:babel|swc|postcss|browserslist)rc.*"
)
_MOST_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script that a build runs; `texts` are what npm runs for it, by name: before it, it, and after it."""

    name: str
    texts: tuple[tuple[str, str], ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """What it is, for a person: each as `name: text`."""
        return tuple(f"{name}: {_short(text)}" for name, text in self.texts)


def to_run(scripts: Mapping[str, str]) -> tuple[Script, ...]:
    """Return the scripts that a build runs.

    Examples
    --------
    >>> [each.name for each in to_run({"build": "tsc", "prepack": "npm run build", "test": "ava"})]
    ['build']
    >>> [each.name for each in to_run({"prepare": "tsc", "prepublishOnly": "ava"})]
    ['prepare']
    """
    chosen = []
    for name in RUN:
        text = scripts.get(name, "").strip()
        if not text or ("build" in scripts and name != "build" and _BUILDS.fullmatch(text)):
            continue
        around = ((each, scripts[each]) for each in (f"pre{name}", name, f"post{name}") if scripts.get(each))
        chosen.append(Script(name=name, texts=tuple(around)))
    return tuple(chosen)


def not_run(scripts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of scripts that npm would run at a publish, and a build does not."""
    return tuple(name for name in UNRUN if scripts.get(name, "").strip())


def question(
    name: str, chosen: Sequence[Script], scripts: Mapping[str, str], inputs: Sequence[Input], lock: str
) -> Question:
    """Return what a person is asked before scripts run.

    What is agreed to are all `scripts` of the package, as one may call another;
    the files of the project that they name, with or without folder and ending;
    what tools read by themselves (a Makefile, `*.config.js` …); every other
    package.json, whose scripts can be called, too; and the lock of the packages
    that they use.
    Another of these is asked about again. A change of other sources is not:
    that is what a build is for.
    """
    own = {each for script in chosen for each, _ in script.texts}
    called = [(each, scripts[each]) for each in _called(chosen, scripts) if each not in own]
    named = _named(scripts.values(), inputs)
    others = sorted((each.path, each.digest) for each in inputs if each.path.endswith(f"/{MANIFEST}"))
    is_one = len(chosen) == 1
    return Question(
        text=f"run the {_listed(chosen)} script{'' if is_one else 's'} of {name} in the cage ?",
        evidence=(
            *(line for script in chosen for line in script.lines),
            *(f"{each}: {_short(text)}" for each, text in called),
            *(f"{'it' if is_one else 'they'} would run {path}" for path, _ in named),
            "without network; it may write the copy that is built, and nothing else",
        ),
        fix="%autoexec build npm --yes",
        content=digest(
            "npm", name, [script.texts for script in chosen], sorted(scripts.items()), named, others, lock
        ),
    )


def _named(texts: Iterable[str], inputs: Sequence[Input]) -> list[tuple[str, str]]:
    """Return the files that texts of scripts name, or that a tool reads unasked, with their digests.

    Examples
    --------
    >>> paths = ("sub/b.js", "index.js", "Makefile", "a.ts")
    >>> files = [Input(path=path, digest="d", bytes=1) for path in paths]
    >>> [path for path, _ in _named(["cd sub && node ./b;true", "node ."], files)]
    ['Makefile', 'index.js', 'sub/b.js']
    """
    words = {str(PurePosixPath(word)) for text in texts for word in _BETWEEN.split(text) if word}
    words |= {"index"} if "." in words else set()
    found = []
    for each in inputs:
        path = PurePosixPath(each.path)
        ends = {"/".join(path.parts[at:]) for at in range(len(path.parts))}
        ends |= {str(PurePosixPath(end).with_suffix("")) for end in ends}
        if ends & words or _UNASKED.fullmatch(path.name):
            found.append((each.path, each.digest))
    return sorted(found)


def _called(chosen: Sequence[Script], scripts: Mapping[str, str]) -> list[str]:
    """Return the names of scripts that those which run name, and those that these name, in that order."""
    found: list[str] = []
    texts = [text for script in chosen for _, text in script.texts]
    while texts:
        words = set(re.findall(r"[\w:@./*-]+", texts.pop()))
        more = [
            each
            for each in scripts
            if each not in found and {each, each.removeprefix("pre"), each.removeprefix("post")} & words
        ]
        found += more
        texts += [scripts[each] for each in more]
    return found


def _listed(chosen: Sequence[Script]) -> str:
    *first, last = [script.name for script in chosen]
    return f"{', '.join(first)} and {last}" if first else last


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]} … ({len(text)} characters)"
