"""What a line has made before a command of it runs: files nobody has judged, and links.

A file that is written and then run in one go was not there when the line was
judged. Where it was downloaded that is refused; where the line wrote it itself
it is a question, unless the file can only be data. Code of the workspace that
was there before runs as ever.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

from .arguments import Ruling
from .paths import ALLOWED, Roots, Ruled, real_of
from .secrets import below

DOWNLOADERS = frozenset("curl wget aria2c http https httpie xh gdown yt-dlp".split())  # noqa: SIM905
_EMPTY = frozenset("mkdir touch rm rmdir unlink chmod chown truncate mktemp sync".split())  # noqa: SIM905
_COPIES = frozenset("cp mv ln link install rsync".split())  # noqa: SIM905
_COMPILES = frozenset("gcc g++ cc c++ clang clang++ rustc javac ld go nvcc tsc".split())  # noqa: SIM905
_UNPACKS = frozenset("tar unzip 7z 7za unrar gunzip gzip xz unxz bunzip2 zstd".split())  # noqa: SIM905
# These can make links that lead anywhere, and nobody sees them before they are there.
_UNPACKS_TREES = frozenset(("tar", "bsdtar", "unzip", "7z", "7za", "7zr", "unrar", "cpio", "patch"))
_MOVES_TREES = frozenset(("cp", "mv", "rsync"))
_GIT_WRITES = frozenset(
    """
    clone checkout switch restore reset apply am pull merge rebase stash cherry-pick revert worktree submodule
    """.split()  # noqa: SIM905 - a list to read
)
_READS_SETTINGS = frozenset(("git",))  # of the folder it works in; they name programs
_DATA = re.compile(
    r""".*\.(?:csv|tsv|parquet|feather|arrow|npy|npz|h5|hdf5|nc|db|sqlite3?|xlsx?|jsonl|ndjson|geojson|xml|html?
          |png|jpe?g|gif|svg|pdf|bmp|tiff?|webp|mp[34]|wav|flac|webm|mov|avi|log|out|err|md|rst|bib|tex|vcf|fa|fasta
          |fastq|bam|bed|gff|zip|gz|tgz|bz2|xz|zst|tar|7z|rar|whl|pem|crt|key|diff|patch|prom|bin|safetensors|gguf|onnx|pt)
      |(?!requirements|constraints|CMakeLists).*\.txt
      |(?!package|tsconfig|jsconfig|composer|deno|jest|babel|nx|turbo|lerna|project|angular|bower|\.).*\.json
      |log|out|output|err|errors|results?|nohup\.out""",
    re.VERBOSE,
)
_SETTINGS = frozenset(
    ("config", "HEAD", ".gitattributes", ".gitmodules", ".gitconfig", "commondir", "gitdir")
)


_UNREAD = "what is downloaded would run, and nobody has read it"


class Trail:
    """The one mutable thing while a line is judged; it ends with the line."""

    __slots__ = ("folders", "is_kept", "links", "made", "unpacked", "unread")

    def __init__(self) -> None:
        self.made: set[str] = set()  # written by the line
        self.unread: set[str] = set()  # of those, what came over the network
        self.unpacked: set[str] = set()  # since the last time that all is judged anew
        self.links: dict[str, str] = {}
        self.folders: set[str] = set()
        self.is_kept = True  # not where the line ends with the command

    def wrote(self, path: str, cwd: Path, roots: Roots) -> None:
        """Note a file in the place of a stream."""
        real = real_of(path, cwd, roots) if self.is_kept else "/dev/"
        if not real.startswith("/dev/"):
            self.made.add(real)

    def judge(self, name: str, ruling: Ruling, cwd: Path, roots: Roots) -> Ruled:
        """Return what is said of code that runs now, in view of what was made before."""
        inside = [*ruling.reads, *ruling.trees, *ruling.writes, *ruling.runs]
        for path in [*inside, "."] if ruling.code else inside:
            meanwhile = self.meanwhile(path, cwd, roots)
            if meanwhile.answer != "allow":
                return meanwhile
        if not self.made:
            return ALLOWED
        reads = [real_of(path, cwd, roots) for path in ruling.reads]
        named = [real_of(path, cwd, roots) for path in ruling.runs]
        if any(below(path, made) for path in named for made in self.unread):
            return Ruled("refuse", "download-and-run", _UNREAD)
        compiled = reads if name in _COMPILES else []
        if any(below(path, made) for path in (*named, *compiled) for made in self.made):
            return Ruled("ask", "made-and-run", "the line itself writes what it runs or compiles then")
        if ruling.code or ruling.runs:
            near = self._near([*named, *reads, str(cwd)], str(roots.workspace))
            if near:
                why = f"the line itself writes {near}, which could be code of what runs then"
                return Ruled("ask", "made-and-run", why)
        if name in _READS_SETTINGS and any(posixpath.basename(made) in _SETTINGS for made in self.made):
            return Ruled("ask", "made-and-run", f"the line itself writes settings that {name} reads then")
        return ALLOWED

    def meanwhile(self, path: str, cwd: Path, roots: Roots) -> Ruled:
        """Return what is said of a path that may be a link by the time it is used."""
        if self.unpacked:
            real = real_of(path, cwd, roots)
            if any(below(real, folder) and (path != "." or real != folder) for folder in self.unpacked):
                why = f"{path} could be a link by then: what is unpacked or copied before it was not seen"
                return Ruled("ask", "unpacked-and-used", why)
        return ALLOWED

    def _near(self, places: Sequence[str], workspace: str) -> str:
        """Return what was made where code is looked for, and is no data; "" if there is nothing."""
        for made in sorted(self.made):
            is_near = below(made, workspace) or any(below(place, made) for place in places)
            if is_near and not _DATA.fullmatch(posixpath.basename(made)):
                return made
        return ""

    def program(self, path: str, cwd: Path, roots: Roots) -> Ruled:
        """Return what is said of a program that is given by its path."""
        real = real_of(path, cwd, roots)
        if not self.made:
            return self.meanwhile(path, cwd, roots)
        if any(below(real, made) for made in self.unread):
            return Ruled(
                "refuse", "download-and-run", f"{path} is downloaded and would run, and nobody has read it"
            )
        if any(below(real, made) for made in self.made):
            return Ruled("ask", "made-and-run", f"the line itself makes {path}, and runs it then")
        return self.meanwhile(path, cwd, roots)

    def note(self, name: str, argv: Sequence[str], ruling: Ruling, cwd: Path, roots: Roots) -> None:
        """Note what a command makes."""
        self._unpack(name, argv, ruling, cwd, roots)
        if not self.is_kept:
            return
        if name in _EMPTY:
            self.folders.update(real_of(path, cwd, roots) for path in ruling.writes if name == "mkdir")
            return
        if name in ("ln", "link", "mv", "cp"):
            self._link(name, argv, ruling, cwd, roots)
        sources = [real_of(path, cwd, roots) for path in (*ruling.reads, *ruling.trees)]
        targets = [real_of(path, cwd, roots) for path in ruling.writes if path != "."]
        is_download = name in DOWNLOADERS
        if is_download or (name == "git" and len(argv) > 1 and "clone" in argv):
            targets += [real_of(found, cwd, roots) for url in ruling.urls if (found := _name_of(url))]
            self.made.update(targets)
            self.unread.update(targets if is_download else ())
        elif name in _COPIES or name in _UNPACKS or name in _COMPILES:
            made = [one for one in sources if any(below(one, made) for made in self.made)]
            outside = name in _COPIES and any(not below(one, str(roots.workspace)) for one in sources)
            targets += [str(cwd)] if made and name in _UNPACKS else []
            if made or outside:
                self.made.update(targets)
            if any(one in self.unread for one in made):
                self.unread.update(targets)
        elif not ruling.code or name.startswith("python"):
            self.made.update(targets)

    def _unpack(self, name: str, argv: Sequence[str], ruling: Ruling, cwd: Path, roots: Roots) -> None:
        """Note the folder below which a command can make links."""
        words = argv[1:]
        if name == "git" and _GIT_WRITES & set(words):
            names = [found for url in ruling.urls if "clone" in words and (found := _name_of(url))]
            places = [*(path for path in ruling.writes if path != "." or not names), *names]
        elif (name in _UNPACKS_TREES and _extracts(name, words)) or (
            name in _MOVES_TREES and (name != "cp" or any(re.match(r"-\w*[rRadP]|--", one) for one in words))
        ):
            places = list(ruling.writes)
        else:
            return
        self.unpacked.update(real_of(place, cwd, roots) for place in places or ["."])

    def _link(self, name: str, argv: Sequence[str], ruling: Ruling, cwd: Path, roots: Roots) -> None:
        words = [word for word in argv[1:] if not word.startswith("-")]
        if name in ("ln", "link") and len(words) == 1:
            words.append(".")
        if len(words) < 2:
            return
        *sources, target = words
        for source in sources:
            place = real_of(target, cwd, roots)
            if (
                target.endswith(("/", "."))
                or len(sources) > 1
                or place in self.folders
                or Path(place).is_dir()
            ):
                place = f"{place}/{posixpath.basename(source.rstrip('/'))}"
            if name in ("ln", "link"):
                start = Path(place).parent if source[:1] not in "/~" else cwd
                self.links[place] = real_of(source, start if "-s" in "".join(argv) else cwd, roots)
            else:
                for link, leads in list(self.links.items()):
                    real = posixpath.normpath(cwd / source)
                    if below(link, real):
                        self.links[place + link[len(real) :]] = leads


def _extracts(name: str, words: Sequence[str]) -> bool:
    """Whether an archive is unpacked, for all that its words say."""
    if name not in ("tar", "bsdtar"):
        return True
    modes = [word for at, word in enumerate(words) if at == 0 or re.match(r"-[^-]", word)]
    return any("x" in word for word in modes) or any(word.startswith(("--ex", "--g")) for word in words)


def _name_of(url: str) -> str:
    """Return the name that a download, or a clone, gets in the current folder."""
    path = re.sub(r"[?#].*", "", url).rstrip("/")
    return re.sub(r"\.git$", "", re.split(r"[/:]", path)[-1])
