"""What will be built, before anything is: the context, the Dockerfile, the labels, what a person should know.

Nothing of the project's is run, and nothing is written. An engine is asked for
the base's digest where there is one; without one there is still a plan.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import BuildError, UsageError
from .. import amount, reading
from ..artifacts import BuildPlan, Input, Source
from ..bench import Bench
from ..commit import Commit, commit_of
from . import (
    bases,
    context,
    ignored,
    kept,
    packages,
    parsed,
    provenance,
    push,
    python,
    reference,
    tables,
    written,
)
from .project import DOCKERFILES, Project, dockerfile_of, project_of
from .reference import Reference

IGNORE = ".dockerignore"
_NOT_ITS_NOTEBOOKS = "the app is not what its notebook makes: the image says dirty, and no notebook's digest"
BILL = ".cdx.json"  #: how the name of a list of packages ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the builder has to know again of its plan (`BuildPlan.data["image"]`)."""

    project: Project
    reference: Reference
    push: Reference | None
    context: context.Context
    dockerfile: str
    needs_buildkit: str = ""
    bill: bytes = b""
    arguments: Mapping[str, str] = field(default_factory=dict)
    network: str = ""


def planned(source: Source, bench: Bench) -> BuildPlan:
    """Return what would be done.

    Raises
    ------
    BuildError, UsageError, MissingTool
        It cannot be built, and why.
    """
    project = project_of(source)
    folder = source.folder
    is_known = bool(project.port) or project.kind == "dockerfile" or bool(source.setting("base"))
    if source.wish.smoke and source.wish.ask and not is_known:  # a base may say where; that is seen later
        raise unasked(source.wish.ask, project)
    requirements = packages.requirements_of(project, folder, bench)
    warnings = list(project.warnings)
    text, base, warned = _dockerfile(project, requirements)
    warnings += warned
    kept.refuse(text, project.name)
    said = parsed.read(text)
    had_notebook = any(project.notebook)
    sent = _context(source, project, text, said, requirements, bench)
    if large := context.size_warning(sent):
        bench.say(f"! {large}")  # before anything of it is read, and once: it is about the sending
    amount.ask_first(sent.files, "image", bench)
    inputs = context.inputs_of(sent, said.copies, project.name)
    project, commit = _proved(source, project, inputs, bench)
    warnings += [_NOT_ITS_NOTEBOOKS] if had_notebook and not project.notebook[1] else []
    draft = BuildPlan(kind="image", name=project.name, version="", source=source, inputs=inputs)
    version = provenance.version_of(project.version, commit, draft.inputs_digest)
    lock = packages.lock_digest(project, folder)
    labels = provenance.labels_of(project, version, commit, inputs=draft.inputs_digest, lock=lock)
    labels = provenance.with_base(labels, *base)
    index = packages.index_of(bench.sources, requirements, is_base_ours=not source.setting("base"))
    prepared = Prepared(
        project=project,
        reference=_reference(source, project, version),
        push=None,
        context=sent,
        dockerfile=text,
        needs_buildkit=said.needs_buildkit,
        bill=packages.bill_of(project, requirements, folder, bench),
        arguments=index.arguments,
        network=index.network,
    )
    warnings += [index.warning] if index.warning else []
    return _plan(draft, prepared, version, labels, warnings)


def unasked(ask: str, project: Project) -> UsageError:
    """Return the error that nobody knows where a URL is to be asked for."""
    more = "EXPOSE 8000 in the Dockerfile, or " if project.kind == "dockerfile" else ""
    return UsageError(
        f"nobody knows where to ask {project.name} for {ask}",
        why="neither its files nor the settings say at which port it listens",
        fix=f"{more}port = 8000 in [tool.autoexec.build]",
    )


def _proved(
    source: Source, project: Project, inputs: Sequence[Input], bench: Bench
) -> tuple[Project, Commit | None]:
    """Return what is proved of what is built, and its commit; an app's is its notebook's."""
    if not any(project.notebook):
        return project, commit_of(source.folder, bench, inputs)
    from ..app import remade

    notebook = _notebook_of(source, project)
    made = remade.inputs_of_made(notebook, source, bench) if notebook else None
    if notebook is not None and made is not None:
        known = f"sha256:{made[0].digest}"
        proved = dataclasses.replace(project, notebook=(project.notebook[0], known))
        return proved, commit_of(notebook.parent, bench, made)
    commit = _head(source, project, bench)
    unproved = dataclasses.replace(project, notebook=(project.notebook[0], ""))
    return unproved, dataclasses.replace(commit, is_dirty=True) if commit else None


def _head(source: Source, project: Project, bench: Bench) -> Commit | None:
    """Return the commit of its folder; of an app, which lies where builds put things, its notebook's."""
    notebook = _notebook_of(source, project)
    return commit_of(notebook.parent if notebook else source.folder, bench, ())


def _notebook_of(source: Source, project: Project) -> Path | None:
    notebook = source.workspace / project.notebook[0] if project.notebook[0] else None
    return notebook if notebook is not None and notebook.is_file() else None


def _plan(
    draft: BuildPlan, made: Prepared, version: str, labels: Mapping[str, str], warnings: list[str]
) -> BuildPlan:
    source = draft.source
    pushed = None
    if source.wish.push:
        where = reference.at_registry(push.registry_of(source), made.reference.repository)
        pushed = dataclasses.replace(where, tag=made.reference.tag)
    made = dataclasses.replace(made, push=pushed)
    outputs = [str(made.reference)]
    outputs += [str(bill_file(source, draft.name, version))] if made.bill else []
    outputs += [str(pushed)] if pushed else []
    builder = ("docker", "buildx", "build") if made.needs_buildkit else ("docker", "build")
    commands = [(*builder, "--tag", str(made.reference), ".")]
    commands += [("docker", "run", "--rm", "--read-only", str(made.reference))] if source.wish.smoke else []
    commands += [("docker", "push", str(pushed))] if pushed else []
    return dataclasses.replace(
        draft,
        version=version,
        commands=tuple(commands),
        outputs=tuple(outputs),
        labels=labels,
        warnings=tuple(warnings),
        written={} if made.project.kind == "dockerfile" else {"Dockerfile": made.dockerfile},
        data={"image": made},
    )


def bill_file(source: Source, name: str, version: str) -> Path:
    """Return where the list of packages is put."""
    return source.out / f"{reference.name_of(name).replace('/', '-')}-{reference.tag_of(version)}{BILL}"


def _dockerfile(project: Project, requirements: bytes) -> tuple[str, tuple[str, str], list[str]]:
    """Return the Dockerfile's text, the name and the digest of its base, and what to know of it."""
    if project.kind == "dockerfile":
        named = parsed.read(project.dockerfile).bases
        warned = [f"the base {each} is named by its tag alone" for each in named if "@sha256:" not in each]
        final = named[-1] if len(named) == 1 else ""
        name, _, digest = final.partition("@")
        return project.dockerfile, (name, digest), warned
    base, digest, warning = bases.resolved(project.base)
    text = written.dockerfile(project, base, requirements)
    return text, (base.partition("@")[0], digest), [warning] if warning else []


def _context(
    source: Source, project: Project, text: str, said: parsed.Said, requirements: bytes, bench: Bench
) -> context.Context:
    folder = source.folder
    rules = _rules(folder)
    settings = ignored.of_patterns(_texts(source, "include"), _texts(source, "exclude"))
    out = source.out.relative_to(folder).as_posix() if source.out.is_relative_to(folder) else ""
    mine = [f"{out}/**/*{BILL}" if _copies_out(source, said) else out] if out not in ("", ".") else []
    wanted = context.wanted_by(said.copies, rules)
    files = context.files_of(
        folder, rules, (settings, ignored.Rules(tuple(ignored.rule(each) for each in mine))), wanted
    )
    if project.kind == "dockerfile":
        # the engine reads both, also where .dockerignore names them (and does not copy them then)
        name = source.path.name if source.path.name in DOCKERFILES else dockerfile_of(folder)
        there = {path for path, _ in files}
        more = [each for each in (name, IGNORE) if each not in there and (folder / each).is_file()]
        return context.Context(files=tuple(sorted((*files, *((each, folder / each) for each in more)))))
    ours = {f"{written.MADE}/Dockerfile": text.encode()}
    if requirements:
        ours[f"{written.MADE}/{written.REQUIREMENTS}"] = requirements
    if project.kind == "python":
        ours |= _metadata(source, project, bench)
    files = tuple(each for each in files if each[0] != IGNORE)
    if not files:
        raise BuildError(
            "nothing would be in the image", why=f"{IGNORE} names all there is", fix=f"mend {IGNORE}"
        )
    return context.Context(files=files, ours=ours, prefix=f"{written.CODE}/")


def _copies_out(source: Source, said: parsed.Said) -> bool:
    """Whether the Dockerfile copies something from where builds put things."""
    if not source.out.is_relative_to(source.folder):
        return False
    out = source.out.relative_to(source.folder).as_posix().removeprefix(".")
    return any(each.removeprefix("./").startswith(out) for copy in said.copies for each in copy.sources)


def _metadata(source: Source, project: Project, bench: Bench) -> dict[str, bytes]:
    pyproject = tables.read_toml(source.folder / "pyproject.toml")
    if not isinstance(pyproject.get("project"), dict):
        return {}
    commit = None if project.version else _head(source, project, bench)
    version = project.version or (f"0+g{commit.sha[:8]}" if commit else "0")
    place = f"{written.CODE}/" + ("" if project.paths[0] == "." else f"{project.paths[0]}/")
    made = python.metadata_of(project.name, version, pyproject)
    return {f"{place}{name}": content for name, content in made.items()}


def _rules(folder: Path) -> ignored.Rules:
    try:
        return ignored.parse(reading.text(folder / IGNORE))
    except FileNotFoundError:
        return ignored.Rules()


def _reference(source: Source, project: Project, version: str) -> Reference:
    """Return the image's name: what --tag says, else the project's and its version."""
    if source.wish.tag:
        asked = reference.parse(source.wish.tag, "--tag")
        return Reference(repository=asked.repository, tag=asked.tag or reference.tag_of(version))
    named = source.setting("name")
    name = named if named else reference.name_of(project.name)
    return reference.parse(f"{name}:{reference.tag_of(version)}")


def _texts(source: Source, key: str) -> list[str]:
    found = source.settings.get(key)
    return [str(each) for each in found] if isinstance(found, list) else []
