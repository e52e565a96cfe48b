"""What will be built, of all kinds, before any of it is: nothing is sent where another kind cannot be.

An image of a notebook is one of the app that is made of it. For its plan the app
is written into a folder for temporary files, which is gone afterwards; when the
app is there it is planned again, for what is built is what lies there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .. import builder
from ..errors import AutoexecError, MissingTool, UsageError
from ..events import Event

WAITS = "waits"  #: in a plan's data: what it is of is not there yet
#: what is asked for, by its option, and the kinds that can do it
_ONLY: Mapping[str, tuple[str, ...]] = {
    "publish": ("wheel", "npm"),
    "push": ("image",),
    "smoke": ("image",),
    "tag": ("image",),
    "twice": ("wheel", "npm"),
}
_TESTED = ("app", "wheel")  #: kinds that --no-tests means something for
_OF_FOLDERS = ("wheel", "npm")


def kinds_of(named: Sequence[str], source: builder.Source) -> tuple[str, ...]:
    """Return the kinds that are built, in their order: those that are named, else what fits.

    Raises
    ------
    UsageError
        There are none, one is unknown or is not made of what is named, or what
        is asked for is not for any of them.
    """
    for kind in named:
        builder.builder_of(kind)
    wanted = named or builder.fitting(source.path)
    kinds = tuple(kind for kind in builder.KINDS if kind in wanted)
    if not kinds:
        raise _nothing(source)
    if source.path.is_file() and (unfit := [kind for kind in kinds if kind in _OF_FOLDERS]):
        is_notebook = source.path.suffix == ".ipynb"
        kind, path = ("app", source.path) if is_notebook else (unfit[0], source.folder)
        raise UsageError(
            f"no {unfit[0]} is made of {source.path.name}",
            why="it is made of a project's folder",
            fix=f"%autoexec build {kind} {shlex.quote(str(path))}",
        )
    _refuse_unused(kinds, source)
    return kinds


def plans_of(
    kinds: Sequence[str], source: builder.Source, bench: builder.Bench, *, is_named: bool = True
) -> tuple[builder.BuildPlan, ...]:
    """Return the plan of each kind.

    Parameters
    ----------
    kinds : sequence of str
        What is built.
    source : Source
        Of what.
    bench : Bench
        Where.
    is_named : bool, default True
        Whether a person asked for these kinds. If not, one whose tool or engine
        is not there is left out and told, unless it is the only one, or an
        option is for it alone.

    Raises
    ------
    BuildError, UsageError, MissingTool
        One cannot be built; none was.
    """
    planned: list[builder.BuildPlan] = []
    left = list(kinds)
    for kind in kinds:
        with _told(kinds), _left_out(kind, left, source.wish, bench, is_named=is_named):
            if kind == "image" and source.path.suffix == ".ipynb":
                planned.append(_image_of_app(_app_among(planned, source), source, bench))
            else:
                planned.append(builder.builder_of(kind).plan(source, bench))
    return tuple(planned)


def agreed(
    planned: Sequence[builder.BuildPlan], bench: builder.Bench, *, is_named: bool = True
) -> tuple[builder.BuildPlan, ...]:
    """Return the plans once all of them may go where they are to go: asked about, with a login and an engine.

    `is_named` as in `plans_of`.

    Raises
    ------
    BuildError, UsageError, MissingTool, NeedsPerson, PolicyRefused
        One may or can not; nothing was built or sent.
    """
    kinds = [each.kind for each in planned]
    left: list[str] = list(kinds)
    found: list[builder.BuildPlan] = []
    for each in planned:
        wish = each.source.wish
        with _told(kinds), _left_out(each.kind, left, wish, bench, is_named=is_named):
            found.append(builder.ready(each, bench))
    return tuple(found)


def again(plan: builder.BuildPlan, bench: builder.Bench) -> builder.BuildPlan:
    """Return the plan of an image of a notebook's app, which was built meanwhile; others are as they are."""
    if not plan.data.get(WAITS):
        return plan
    there = builder.builder_of("image").plan(plan.source, bench)
    return dataclasses.replace(there, data={**plan.data, **there.data})


def _app_among(planned: Sequence[builder.BuildPlan], source: builder.Source) -> builder.BuildPlan:
    found = next((each for each in planned if each.kind == "app"), None)
    if found is None:
        raise UsageError(
            f"no image can be made of {source.path.name} as it is",
            why="an image is made of the app's folder",
            fix=f"%autoexec build app image {builder.as_typed(source.path)}",
        )
    return found


def _image_of_app(app: builder.BuildPlan, source: builder.Source, bench: builder.Bench) -> builder.BuildPlan:
    # what is chosen of the notebook's folder was chosen for the app
    settings = {key: value for key, value in source.settings.items() if key not in ("include", "exclude")}
    folder = Path(app.outputs[0])
    own = dataclasses.replace(
        source, path=folder, folder=folder, settings={**settings, "out": str(source.out)}
    )
    silent = dataclasses.replace(bench, emit=_silent)
    with builder.written_app(app, silent) as written:
        there = dataclasses.replace(own, path=written, folder=written)
        plan = builder.builder_of("image").plan(there, silent)
    return dataclasses.replace(plan, source=own, data={**plan.data, WAITS: True})


def _nothing(source: builder.Source) -> UsageError:
    """Return what to say where nothing fits; of several notebooks one has to be named."""
    what = f"nothing in {source.path.name or source.path} can be built"
    notebooks = sorted(source.path.glob("*.ipynb")) if source.path.is_dir() else []
    found = [path for path in notebooks if builder.builder_of("app").fits(path)]
    if found:
        return UsageError(
            f"{what} until a notebook is named",
            why=f"there is no project here, and {len(found)} notebook{'s' if len(found) > 1 else ''}",
            fix=f"%autoexec build app {shlex.quote(str(found[0]))}",
        )
    if (source.path / "package.json").is_file():
        return UsageError(
            what,
            why="its package.json is private, or has no name and version",
            fix="%autoexec build npm FOLDER, the folder of one of its packages",
        )
    return UsageError(
        what,
        why="there is no pyproject.toml, setup.py, package.json, Dockerfile or notebook that fits",
        fix="%autoexec build KIND PATH, KIND one of " + ", ".join(builder.KINDS),
    )


def _refuse_unused(kinds: Sequence[str], source: builder.Source) -> None:
    """Refuse an option that no kind among those built has a use for: a person would think that it counted."""
    wish = source.wish
    unused = [name for name, able in _ONLY.items() if getattr(wish, name) and not set(able) & set(kinds)]
    unused += ["no-tests"] if not wish.tests and not set(_TESTED) & set(kinds) else []
    for name in unused:
        able = _ONLY.get(name, _TESTED)
        own = tuple(kind for kind in builder.KINDS if kind in (*kinds, able[0]))
        raise UsageError(
            f"--{name} is for {' and '.join(able)}, and none is built",
            why=f"what is built here: {', '.join(kinds)}",
            fix=f"leave it out, or %autoexec build {' '.join(own)} {shlex.quote(str(source.path))} --{name}",
        )


@contextlib.contextmanager
def _left_out(
    kind: str, left: list[str], wish: builder.Wish, bench: builder.Bench, *, is_named: bool
) -> Iterator[None]:
    """Leave out a kind that nobody named where its tool or engine is missing, and tell it.

    `left` are the kinds that are still built; the last of them is never left out.
    """
    try:
        yield
    except MissingTool as error:
        is_asked = any(
            getattr(wish, name) and set(able) & set(left) == {kind} for name, able in _ONLY.items()
        )
        if is_named or is_asked or left == [kind]:
            raise
        left.remove(kind)
        why = f": {error.fix}" if error.fix else ""
        bench.say(f"! no {kind} is built, which nobody named: {error.what}{why}")


@contextlib.contextmanager
def _told(kinds: Sequence[str]) -> Iterator[None]:
    """Say of an error of one among several kinds that nothing happened to the others."""
    try:
        yield
    except AutoexecError as error:
        if len(kinds) > 1:
            error.evidence = (*error.evidence, f"nothing was built or sent of {', '.join(kinds)}")
        raise


def _silent(event: Event) -> None:
    """Leave it untold: it is told when the image is planned again."""
