"""What cannot be read or written: JSON, CSV, archives, pickles, Parquet, XML, settings, encodings."""

from __future__ import annotations

from ..rows import UNKNOWN, Entry, by_message, likely, says
from ..telling import bad_bytes, json_place
from .network import TLS_SAYINGS

_JSON = "invalid-json"
EMPTY = says("empty-file", "write or fetch that file again: there is nothing in it")
_DAMAGED = says(
    "damaged-file", "fetch or write that file again, and look at its first bytes: it is no such file"
)
_CUT = says("damaged-file", "fetch or write that file again: its end is missing")
ARCHIVE_CUT = says("archive-cut", "fetch or write that file again: its end is missing")
_ARCHIVE_DAMAGED = says(
    "archive-damaged", "fetch or write that file again: its content is not what was packed"
)
_NO_ARCHIVE = says("not-an-archive", "look at its first bytes: it is no archive of that kind")
_PICKLE = says("cannot-pickle", "pass plain data, and functions and classes of a module's top level")
PICKLE_CLASS = says("pickle-class-missing", "define or import the class first, under the name it had")
_UNSAFE = likely("unsafe-load", "load it as data only if you trust who made it: it can run code")
_NOT_JSON = says(
    "not-json-serializable", "convert it first: str(), float(), .tolist(), or json.dumps(default=str)"
)
_CSV = likely("invalid-csv", "check the separator (sep=), the quotes and the line that is named")
_TEXT = likely("wrong-file-mode", "open it as text: mode 'r', newline=''")
_XML = says("invalid-xml", "look at the text at that place: a tag is not closed, or it is no XML")
_YAML = says("invalid-yaml", "correct that line: indent with spaces, quote what holds a colon")
_INI = says("setting-missing", "add that section or option, or give a fallback=")
_BASE64 = says("wrong-padding", "take the text whole, with its = at the end")
_DATE = likely("date-format", "give the format: format='%Y-%m-%d', or errors='coerce'")
_REGEX = says("invalid-regex", "correct the pattern at that place, or escape it: re.escape()")
_STRUCT = likely("format-mismatch", "pass as many bytes, and values, as the format asks for")

JSON_ERROR = by_message(
    ("BOM", says(_JSON, "decode it with encoding='utf-8-sig': it begins with a byte order mark")),
    ("Extra data", says(_JSON, "read it line by line: it is several JSON texts", tell=json_place)),
    (
        "double quotes",
        says(_JSON, 'quote names with ", take a comma before } away: it is no JSON', tell=json_place),
    ),
    ("Unterminated string", says(_JSON, "fetch the text again: its end is missing", tell=json_place)),
    ("Invalid control character", says(_JSON, "escape line ends inside texts: \\n", tell=json_place)),
    ("escape", says(_JSON, "double each backslash in it", tell=json_place)),
    otherwise=says(_JSON, "look at the text at that place: it is no JSON", tell=json_place),
)
_ARROW = by_message(
    ("file size is 0 bytes", EMPTY),
    ("magic bytes not found", _DAMAGED),
    ("Not an Arrow file", _DAMAGED),
    ("not a Feather", _DAMAGED),
    ("CSV parse error", _CSV),
    ("Empty CSV", EMPTY),
    ("Could not convert", likely("cannot-convert", "give that column one type")),
    ("JSON parse error", likely(_JSON, "look at the text at that place: it is no JSON")),
    otherwise=likely("wrong-value", "look at the types of the columns on that line"),
)
# Many modules call their exception just `Error` or `error`; IPython prints no more than that.
_ERROR = by_message(
    ("Incorrect padding", _BASE64),
    ("base64", _BASE64),
    ("Non-hexadecimal", likely("wrong-value", "pass hexadecimal digits only")),
    ("incomplete or truncated stream", ARCHIVE_CUT),
    ("incorrect header check", _DAMAGED),
    ("decompressing", _ARCHIVE_DAMAGED),
    ("unpack requires", _STRUCT),
    ("pack expected", _STRUCT),
    ("format requires", _STRUCT),
    ("bad char in struct", _STRUCT),
    ("opened in text mode", _TEXT),
    (
        "field larger than field limit",
        says("invalid-csv", "call csv.field_size_limit(), or close the quotes"),
    ),
    ("line contains NUL", _CSV),
    ("new-line character seen", _TEXT),
    ("delimiter", _CSV),
    ("at position", _REGEX),
    *TLS_SAYINGS,
    otherwise=UNKNOWN,
)

ROWS: dict[str, Entry] = {
    "json.decoder.JSONDecodeError": JSON_ERROR,
    "requests.exceptions.JSONDecodeError": JSON_ERROR,
    "aiohttp.client_exceptions.ContentTypeError": says(
        _JSON, "look at the answer first: it is a page, not JSON"
    ),
    "UnicodeDecodeError": by_message(
        ("0x8b in position 1", says("cannot-decode", "open it with gzip.open(): it is compressed")),
        (
            "0xff in position 0",
            says("cannot-decode", "give encoding='utf-16', or read bytes", tell=bad_bytes),
        ),
        ("0x80 in position 0", says("cannot-decode", "open it with mode 'rb': it may be a pickle")),
        otherwise=says(
            "cannot-decode",
            "give the encoding of the data, such as encoding='latin-1', or read bytes",
            tell=bad_bytes,
        ),
    ),
    "UnicodeEncodeError": by_message(
        (
            "surrogates not allowed",
            says("cannot-encode", "write with errors='replace', or decode it rightly"),
        ),
        otherwise=says("cannot-encode", "write with encoding='utf-8'"),
    ),
    "_csv.Error": _ERROR,
    "binascii.Error": _ERROR,
    "zlib.error": _ERROR,
    "struct.error": _ERROR,
    "re.error": _ERROR,
    "re.PatternError": _REGEX,
    "zipfile.BadZipFile": by_message(
        ("not a zip file", _NO_ARCHIVE), ("Truncated", ARCHIVE_CUT), otherwise=_ARCHIVE_DAMAGED
    ),
    "gzip.BadGzipFile": by_message(("Not a gzipped file", _NO_ARCHIVE), otherwise=_ARCHIVE_DAMAGED),
    "_lzma.LZMAError": by_message(("not supported by decoder", _NO_ARCHIVE), otherwise=_ARCHIVE_DAMAGED),
    "tarfile.ReadError": by_message(
        ("unexpected end of data", ARCHIVE_CUT),
        ("truncated", ARCHIVE_CUT),
        ("empty file", EMPTY),
        ("bad checksum", _ARCHIVE_DAMAGED),
        ("compressed file or tar archive", _NO_ARCHIVE),
        otherwise=_NO_ARCHIVE,
    ),
    "_pickle.UnpicklingError": by_message(
        ("Weights only load failed", _UNSAFE), ("truncated", _CUT), otherwise=_DAMAGED
    ),
    "_pickle.PicklingError": _PICKLE,
    "pyarrow.lib.ArrowInvalid": _ARROW,
    "pyarrow.lib.ArrowTypeError": likely("cannot-convert", "give that column one type"),
    "pyarrow.lib.ArrowNotImplementedError": likely("cannot-convert", "convert that column before"),
    "pyarrow.lib.ArrowKeyError": likely("key-not-found", "look at the names that are there"),
    "pandas.errors.ParserError": _CSV,
    "pandas.errors.EmptyDataError": EMPTY,
    "pandas._libs.tslibs.parsing.DateParseError": _DATE,
    "dateutil.parser._parser.ParserError": _DATE,
    "xml.etree.ElementTree.ParseError": _XML,
    "xml.parsers.expat.ExpatError": _XML,
    "lxml.etree.XMLSyntaxError": _XML,
    "tomllib.TOMLDecodeError": says("invalid-toml", "correct the file at that place"),
    "yaml.scanner.ScannerError": _YAML,
    "yaml.parser.ParserError": _YAML,
    "yaml.constructor.ConstructorError": _YAML,
    "configparser.MissingSectionHeaderError": says("invalid-ini", "begin the file with a [section]"),
    "configparser.ParsingError": says("invalid-ini", "write name = value on each line"),
    "configparser.DuplicateOptionError": says("invalid-ini", "write each option once"),
    "configparser.NoSectionError": _INI,
    "configparser.NoOptionError": _INI,
}
SAYINGS: dict[str, tuple[tuple[str, Entry], ...]] = {
    "TypeError": (
        ("is not JSON serializable", _NOT_JSON),
        ("cannot pickle", _PICKLE),
        ("keys must be str", _NOT_JSON),
        ("the JSON object must be str", likely("wrong-type", "read the file first: json.load(file)")),
    ),
    "ValueError": (
        (
            "Circular reference detected",
            says(
                "circular-json", "leave out what leads back to itself: a value that holds itself has no JSON"
            ),
        ),
        ("not JSON compliant", _NOT_JSON),
        ("Trailing data", likely(_JSON, "read it line by line: lines=True")),
        ("allow_pickle=False", _UNSAFE),
        (
            "unsupported pickle protocol",
            likely("damaged-file", "read it with the newer Python that wrote it"),
        ),
        ("Excel file format cannot be determined", _DAMAGED),
        ("No tables found", likely("empty-file", "look at the page: there is no table in it")),
    ),
    "AttributeError": (
        ("Can't pickle local", _PICKLE),
        ("Can't get local object", _PICKLE),
        ("Can't get attribute", PICKLE_CLASS),
    ),
    "RuntimeError": (("PytorchStreamReader failed", _DAMAGED),),
    "OSError": (
        ("Unable to synchronously open file", _DAMAGED),
        ("file signature not found", _DAMAGED),
        (
            "Invalid data stream",
            likely("archive-damaged", "fetch or write that file again, and look at its first bytes"),
        ),
    ),
}
