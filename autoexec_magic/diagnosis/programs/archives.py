"""What tar, gzip and unzip say when they fail."""

from __future__ import annotations

from ..spots import Family, Saying, Seen, Spot, known

_NOT_ONE = "look at what the file is (file NAME): an error page saved as an archive is the usual reason"
_CUT = "get the file again: its end is missing"
_ROWS: tuple[Saying, ...] = (
    ("is a directory -- ignored", "is-a-directory", "pack the folder with tar first (tar czf), or name its files"),
    ("not in gzip format", "not-an-archive", _NOT_ONE),
    ("does not look like a tar archive", "not-an-archive", _NOT_ONE),
    ("File format not recognized", "not-an-archive", _NOT_ONE),
    ("is not a bzip2 file", "not-an-archive", _NOT_ONE),
    ("cannot find zipfile directory", "not-an-archive", _NOT_ONE),
    ("End-of-central-directory signature not found", "not-an-archive", _NOT_ONE),
    ("unexpected end of file", "archive-cut", _CUT),
    ("Unexpected EOF in archive", "archive-cut", _CUT),
    ("Unexpected end of input", "archive-cut", _CUT),
    ("bad CRC", "archive-damaged", "get the file again, and compare its checksum"),
    ("data integrity error", "archive-damaged", "get the file again, and compare its checksum"),
    ("Compressed data is corrupt", "archive-damaged", "get the file again, and compare its checksum"),
    ("file ends unexpectedly", "archive-cut", _CUT),
    ("unsupported format", "not-an-archive", _NOT_ONE),
    ("is not a bzip2", "not-an-archive", _NOT_ONE),
    ("Wrote only ", "disk-full", "free some space on that disk, or write somewhere else"),
    ("invalid compressed data", "archive-damaged", "get the file again, and compare its checksum"),
    ("crc error", "archive-damaged", "get the file again, and compare its checksum"),
    ("Not found in archive", "member-not-found", "list what is in it (tar tf FILE), and correct the name"),
    ("filename not matched", "member-not-found", "list what is in it (unzip -l FILE), and correct the name"),
    ("Cowardly refusing to create an empty archive", "missing-argument", "name what goes into it"),
    ("cannot find or open", "file-not-found", "check the path: it is looked up from the working directory"),
    ("Cannot open: No such file or directory", "file-not-found", "check the path: it is looked up from the working directory"),
    ("Cannot stat: No such file or directory", "file-not-found", "check the path: it is looked up from the working directory"),
    ("Cannot open: Permission denied", "permission-denied", "unpack where you may write, or change the rights"),
    ("Cannot mkdir: Permission denied", "permission-denied", "unpack where you may write, or change the rights"),
    ("Cannot change ownership", "permission-denied", "add --no-same-owner"),
    ("No space left on device", "disk-full", "free some space on that disk, or unpack somewhere else"),
    ("file changed as we read it", "file-changed", "stop what writes it, then pack again"),
    ("unable to get password", "authentication-failed", "give the password (-P)"),
    ("incorrect password", "authentication-failed", "give the right password (-P)"),
)  # fmt: skip
_SPEAKS = ("tar: ", "gzip: ", "gunzip: ", "unzip: ", "caution: filename", "error: invalid compressed", "End-of-central", "/usr/bin/tar: ", "bsdtar: ", "xz: ", "bzip2: ", "bad CRC ")  # fmt: skip


def read(spot: Spot) -> Seen | None:
    """Explain a line of an archiver's."""
    line = spot.line.strip()
    if not line.startswith(_SPEAKS):
        return None
    return known(spot, _ROWS, line, exits=(1, 2, 3, 9, 11, 82))


FAMILIES: tuple[Family, ...] = ((_SPEAKS, read),)
