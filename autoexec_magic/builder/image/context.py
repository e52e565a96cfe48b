"""What an engine is sent: the same bytes, with the same modes and times, for the same files.

It goes as a tar of our own, sorted, of no owner and of no time, so that the
engine's cache knows it again; that is written while it is sent, and needs no
second copy on the disk. To BuildKit's command, which reads folders, it is laid
out as one. What is sent is digested, and a file that is not any more as it was
planned ends the build: else the image would not be what its labels say.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import BuildError
from .. import reading
from ..artifacts import Input
from ..inputs import NO_INPUT, files_below, read_input
from ..secretfiles import secret_in, secret_in_stream
from .ignored import Rules
from .parsed import Copy

WARN_BYTES = 500 << 20
_LARGEST = 5
_CHUNK = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
#: the path that each of our own files has among the inputs begins so; no file of a project's does
OURS = "//"
_FIX_OF_OURS = "take it out of pyproject.toml, the requirements or the lock, then %autoexec build image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is sent: files of the project's below `prefix`, and ours, each by its path in the tar."""

    files: tuple[tuple[str, Path], ...]
    ours: Mapping[str, bytes] = field(default_factory=dict)
    prefix: str = ""

    @property
    def bytes(self) -> int:
        """Its size, by what the file system says; no file is read."""
        return sum(_size(file) for _, file in self.files) + sum(map(len, self.ours.values()))


def files_of(
    folder: Path, rules: Rules, also: Sequence[Rules], wanted: Callable[[str], bool]
) -> tuple[tuple[str, Path], ...]:
    """Return the files below a folder that are sent.

    `rules` are the project's own; `also` are further ones, each of which can leave
    out. `wanted` says of a file or folder that nobody builds from (`NO_INPUT`)
    that it is asked for by name.
    """

    def left_out(path: str) -> bool:
        bare = path.rstrip("/")
        if _unusual(bare) and not wanted(bare):
            return True
        if path.endswith("/"):
            return any(each.prunes(bare) for each in (rules, *also))
        return any(each.leaves_out(bare) for each in (rules, *also))

    return tuple(files_below(folder, left_out))


def _unusual(path: str) -> bool:
    return any(part in NO_INPUT for part in path.split("/"))


def wanted_by(copies: Sequence[Copy], rules: Rules) -> Callable[[str], bool]:
    """Return whether a COPY names a path, something in it or above it, or a `!` line takes it back."""
    named = [source.removeprefix("./").strip("/") for each in copies for source in each.sources]
    named += [each.text.removeprefix("/").rstrip("/*") for each in rules.rules if each.is_back]
    asked = [each for each in named if any(part in NO_INPUT for part in each.split("/"))]

    def wanted(path: str) -> bool:
        return any(
            path == each or path.startswith(f"{each}/") or each.startswith(f"{path}/") for each in asked
        )

    return wanted


def size_warning(context: Context) -> str:
    """Return what a person should know of a large context before it is sent, or "".

    Sizes are the file system's; the largest folders are named, those of the first level.
    """
    size = context.bytes
    if size <= WARN_BYTES:
        return ""
    folders: dict[str, int] = {}
    for path, file in context.files:
        first = path.partition("/")[0] + ("/" if "/" in path else "")
        folders[first] = folders.get(first, 0) + _size(file)
    largest = sorted(folders.items(), key=lambda item: -item[1])[:_LARGEST]
    named = ", ".join(f"{name} {readable(each)}" for name, each in largest)
    return f"{readable(size)} would be sent to the engine: {named}; .dockerignore can leave some of it out"


def readable(size: int) -> str:
    """Return a size for people, in powers of ten.

    Examples
    --------
    >>> readable(5_872_025_623), readable(733_000_000)
    ('5.9 GB', '733 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.0f} MB"


def inputs_of(context: Context, copies: Sequence[Copy] = (), name: str = "") -> tuple[Input, ...]:
    """Return what is sent as inputs: each file by its path from the folder, ours by `//` and their names.

    Each file is read once: what is digested, and so what is sent, is what was
    looked through for secrets.

    Raises
    ------
    BuildError
        A file cannot be read, or is a secret: it is named, with the line of a
        COPY that takes it, and not what it holds.
    """
    inputs, found, ours = [], list[tuple[str, str]](), list[tuple[str, str]]()
    for path, file in context.files:
        read, why = _read(path, file)
        inputs.append(read)
        found += [(path, why)] if why else []
    for path, content in sorted(context.ours.items()):
        digest = hashlib.sha256(content).hexdigest()
        inputs.append(Input(path=f"{OURS}{path}", digest=digest, bytes=len(content)))
        ours += [(path, why)] if (why := secret_in(path, content)) else []
    _refuse(found, copies, name)
    if ours:  # no line of .dockerignore leaves it out: it says what the project's own files say
        path, why = ours[0]
        raise BuildError(
            f"{path}, which is made for it, would go into the image {name}", why=why, fix=_FIX_OF_OURS
        )
    return tuple(inputs)


def _read(path: str, file: Path) -> tuple[Input, str]:
    """Return a file as an input, and what makes it a secret or ""; of a link its name alone can."""
    try:
        if stat.S_ISLNK(file.lstat().st_mode):
            return read_input(path, file), secret_in(path, None)
        found, size = hashlib.sha256(), 0

        def take(chunk: bytes) -> None:
            nonlocal size
            found.update(chunk)
            size += len(chunk)

        with reading.opened(file, follows=False) as stream:
            why = secret_in_stream(path, stream, take)
            mode = os.fstat(stream.fileno()).st_mode
    except OSError as error:
        raise BuildError(f"{path} cannot be read", why=str(error), fix="check its permissions") from error
    is_executable = bool(mode & stat.S_IXUSR)
    return Input(path=path, digest=found.hexdigest(), bytes=size, is_executable=is_executable), why


def _refuse(found: Sequence[tuple[str, str]], copies: Sequence[Copy], name: str) -> None:
    if not found:
        return
    path, why = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    line = next((each for each in copies if any(_takes(source, path) for source in each.sources)), None)
    taken = f"; line {line.line} of the Dockerfile copies it" if line else ""
    error = BuildError(
        f"{path}{more} would go into the image {name}",
        why=f"{why}{taken}",
        fix=f"echo {shlex.quote(path)} >> .dockerignore, and give it to what runs when it is started",
    )
    error.evidence = tuple(f"{each}: {reason}" for each, reason in found[1:6])
    raise error


def _takes(source: str, path: str) -> bool:
    from .ignored import Rules, rule

    bare = source.removeprefix("./").strip("/")
    return bool(bare) and bare != "." and Rules((rule(bare),)).leaves_out(path)


def tar_of(context: Context, inputs: Sequence[Input]) -> Iterator[bytes]:
    """Yield the tar, piece by piece.

    Raises
    ------
    BuildError
        A file is not any more as `inputs` says.
    """
    known = {each.path: each for each in inputs}
    files: dict[str, Path | bytes] = {f"{context.prefix}{path}": file for path, file in context.files}
    files |= context.ours
    for path, file in sorted(files.items(), key=lambda item: item[0].encode("utf-8", "surrogateescape")):
        own = f"{OURS}{path}" if isinstance(file, bytes) else path.removeprefix(context.prefix)
        yield from _member(path, file, known[own])
    yield bytes(2 * _BLOCK)


def lay_out(context: Context, inputs: Sequence[Input], folder: Path) -> None:
    """Write a context into a folder, with the modes and the time that its tar would have.

    Raises
    ------
    BuildError
        A file is not any more as `inputs` says, or cannot be read.
    """
    known = {each.path: each for each in inputs}
    for path, file in context.files:
        place = folder / f"{context.prefix}{path}"
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            if stat.S_ISLNK(file.lstat().st_mode):
                place.symlink_to(os.readlink(file))  # noqa: PTH115 (as it stands there)
                if read_input(path, place) != known[path]:
                    raise _changed(path)
                continue
            with place.open("xb") as stream:
                for piece in _content(file, known[path], is_padded=False):
                    stream.write(piece)
        except OSError as error:
            raise BuildError(f"{path} cannot be read", why=str(error), fix="check its permissions") from error
        _stamp(place, is_executable=known[path].is_executable)
    for path, content in context.ours.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        _stamp(place, is_executable=False)


def _stamp(place: Path, *, is_executable: bool) -> None:
    place.chmod(0o755 if is_executable else 0o644)
    os.utime(place, (0, 0))


def _member(path: str, file: Path | bytes, known: Input) -> Iterator[bytes]:
    item = tarfile.TarInfo(path)
    item.mode = 0o755 if known.is_executable else 0o644
    if isinstance(file, bytes):
        item.size = len(file)
        yield item.tobuf(tarfile.PAX_FORMAT) + file + bytes(-len(file) % _BLOCK)
        return
    try:
        if stat.S_ISLNK(file.lstat().st_mode):
            item.type, item.linkname = tarfile.SYMTYPE, os.readlink(file)  # noqa: PTH115 (as it stands there)
            if read_input(known.path, file) != known:
                raise _changed(known.path)
            yield item.tobuf(tarfile.PAX_FORMAT)
            return
        item.size = known.bytes
        yield item.tobuf(tarfile.PAX_FORMAT)
        yield from _content(file, known)
    except OSError as error:
        raise BuildError(
            f"{known.path} cannot be read", why=str(error), fix="check its permissions"
        ) from error


def _content(file: Path, known: Input, *, is_padded: bool = True) -> Iterator[bytes]:
    found, left = hashlib.sha256(), known.bytes
    with reading.opened(file, follows=False) as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
            left -= len(chunk)
            if left < 0:
                raise _changed(known.path)
            yield chunk
        is_executable = bool(os.fstat(stream.fileno()).st_mode & stat.S_IXUSR)
    if left or found.hexdigest() != known.digest or is_executable != known.is_executable:
        raise _changed(known.path)
    if is_padded:
        yield bytes(-known.bytes % _BLOCK)


def _changed(path: str) -> BuildError:
    return BuildError(
        f"{path} changed while it was built",
        why="the image would not be what its labels say",
        fix="%autoexec build image, when nothing writes there",
    )


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0
