"""The words by which a cause is known: pytest's own, its plugins', and those of what lies around a program.

A row counts if the exception's type and its words fit. Rows of `AROUND` count
only if the exception came from a library or from the system: a `raise` in one's
own code can use any type.
"""

# ruff: noqa: E501 - a table: a row holds its words as they are said

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from ..values import Confidence

CauseClass: TypeAlias = Literal[
    "product",
    "test-bug",
    "fixture",
    "collection",
    "environment",
    "timeout",
    "worker-crash",
    "flaky-order",
    "flaky-time",
    "flaky",
    "unknown",
]


class Row(NamedTuple):
    """A cause and how it is known; `why` and `fix` may use the groups of `words` and `summary`."""

    cls: CauseClass
    code: str
    confidence: Confidence
    types: str  #: a pattern for the whole name of the type; "" fits all
    words: str  #: a pattern to be found in the message, else in the text
    why: str
    fix: str
    is_text: bool = False  #: whether the words may stand anywhere in the text

    def match(self, kind: str, message: str, text: str) -> re.Match[str] | None:
        """Return where its words stand, if it fits."""
        if self.types and not re.fullmatch(self.types, kind):
            return None  # before the words are looked for: most rows are of few types
        return re.search(self.words, text if self.is_text else message)


PYTEST = (
    Row("worker-crash", "worker", "certain", "Failed|", r"(?:worker|node) '?(?P<worker>gw\d+)'? crashed while running",
        "the process ended while this test ran in it: {summary}",
        "run this test alone with `-p no:xdist -X faulthandler` and look at what it calls in C", True),
    Row("worker-crash", "worker", "certain", "Failed|", r"(?m)^Fatal Python error: (?P<what>[^\n]+)",
        "Python itself ended: {what}", "run this test alone with `-X faulthandler`", True),
    Row("timeout", "pytest-timeout", "certain", "Failed|", r"Timeout \(?>(?P<limit>[\d.]+)\s?s\)?",
        "it did not end within its limit of {limit} s", "look at the line that was waited in, or give it more: `@pytest.mark.timeout(…)`"),
    Row("timeout", "pytest-timeout", "certain", "Failed|", r"\+{5,} Timeout \+{5,}",
        "it did not end within its limit", "look at the line that was waited in", True),
    Row("test-bug", "stale-marker", "certain", "Failed|", r"\[XPASS\(strict\)\]|\AUnexpected success\Z",
        "it passes, and its marker says that it must fail", "take away the `xfail` marker", True),
    Row("fixture", "scope", "certain", "Failed|ScopeMismatch|FixtureLookupError|", r"ScopeMismatch: ",
        "{summary}", "widen the fixture that is asked for, or narrow the one that asks", True),
    Row("fixture", "recursive", "certain", "FixtureLookupError|Failed|", r"recursive dependency involving fixture '(?P<name>[^']+)'",
        "the fixture `{name}` asks for itself", "give one of the two another name", True),
    Row("fixture", "yield", "certain", "ValueError|Failed|StopIteration|", r"fixture function has more than one 'yield'|did not yield a value",
        "a fixture has to yield once: {summary}", "let it yield once on every way through"),
    Row("test-bug", "fixture-called", "certain", "Failed|", r"Fixture \"(?P<name>[^\"]+)\" called directly",
        "the fixture `{name}` is called as if it were a function", "name it as an argument of the test"),
    Row("collection", "marker", "certain", "Failed|", r"'(?P<name>[^']+)' not found in `markers` configuration option",
        "the marker `{name}` is not registered", "add it to `markers` in the configuration of pytest, or mend its name", True),
    Row("collection", "same-name", "certain", "ImportPathMismatchError|CollectError|HINT|", r"import file mismatch:|\AImportPathMismatchError|\('(?P<name>[^']+)', '[^']+', PosixPath\(",
        "two test files have the same name, and no package tells them apart",
        "rename one of them, or use `--import-mode=importlib`", True),
    Row("test-bug", "parametrize", "certain", "Failed|ValueError|",
        r"(?m)in \"parametrize\" the number of names|duplicate parametrization of|function uses no (?:argument|fixture) '|indirect fixture '[^']+' doesn't exist",
        "what it is parametrized with does not fit: {summary}", "let names, arguments and values be as many", True),
    Row("test-bug", "skip-at-import", "certain", "CollectError|Failed|Skipped|", r"Using pytest\.skip outside of a test",
        "`pytest.skip` stands outside of a test", "give it `allow_module_level=True`", True),
    Row("environment", "import", "likely", "Failed|", r"async def functions are not natively supported",
        "nothing that runs `async` tests is installed, or the test lacks its marker",
        "install pytest-asyncio (or anyio), and mark the test", True),
    Row("test-bug", "returns", "certain", "PytestReturnNotNoneWarning", r"",
        "it returns a value, which nobody looks at", "write `assert` instead of `return`"),
    Row("test-bug", "no-database-mark", "certain", "RuntimeError|Failed|", r"Database access not allowed, use the \"django_db\" mark",
        "it uses the database without saying so", "mark it with `@pytest.mark.django_db`"),
    Row("test-bug", "stdin", "likely", "OSError|EOFError",
        r"reading from stdin while output is captured|EOF when reading a line",
        "something asks for input, and nobody can answer in a test", "give the input with `monkeypatch.setattr('builtins.input', …)`"),
    Row("flaky-time", "deadline", "likely", "DeadlineExceeded", r"",
        "an example took longer than Hypothesis allows: {summary}",
        "run it again; if it is slow by nature: `@settings(deadline=None)`"),
    Row("flaky", "unsteady", "likely", "Flaky\\w*", r"unreliable results|inconsistent|Flaky|Failed on the first call",
        "the same example failed and then did not", "look for what one call leaves behind for the next"),
    Row("test-bug", "strategy", "likely", "InvalidArgument|Unsatisfiable|Unsatisfied\\w*", r"",
        "Hypothesis cannot make examples of it: {summary}", "mend the strategy"),
    Row("test-bug", "health-check", "likely", "FailedHealthCheck", r"",
        "Hypothesis takes too long to make examples, or throws too many away", "make the strategy simpler"),
    Row("test-bug", "mock", "certain", "AttributeError", r"'(?P<name>\w+)' is not a valid assertion",
        "a mock has no assertion of that name: {summary}", "mend the name of the assertion"),
    Row("test-bug", "mock", "likely", "AttributeError", r"\A<(?:module|class)[^\n]*> does not have the attribute '(?P<name>[^']+)'",
        "it patches `{name}`, which is not there", "patch what is there, where it is looked up"),
    Row("test-bug", "mock", "likely", "AttributeError", r"Mock object has no attribute '(?P<name>[^']+)'",
        "the mock's spec has no `{name}`", "mend the name, or the spec"),
    Row("fixture", "event-loop", "likely", "RuntimeError",
        r"Event loop is closed|attached to a different loop|There is no current event loop",
        "something of one event loop is used in another: {summary}", "make it within the test, or widen the loop's scope"),
    Row("test-bug", "snapshot", "likely", "AssertionError|Failed|", r"Snapshot '[^\n']{1,200}' does not exist|snapshot [^\n]{1,200} doesn't exist",
        "no snapshot was taken yet", "look at what came, and take it with `--snapshot-update`", True),
    Row("product", "snapshot", "likely", "AssertionError|Failed|",
        r"\[- snapshot\]|value does not match the expected value in snapshot|FILES DIFFER",
        "what came is not what the snapshot says", "look at the difference; if it is wanted, take the snapshot anew", True),
)  # fmt: skip

AROUND = (
    Row("environment", "library", "certain", "ImportError|OSError",
        r"cannot open shared object file|DLL load failed|Library not loaded",
        "a library of the system is missing: {summary}", "install the system's package that holds it"),
    Row("environment", "library", "likely", "ImportError|OSError|ValueError",
        r"undefined symbol|symbol not found|numpy\.dtype size changed|version `[^`']+' not found",
        "a compiled module was built for another version: {summary}", "install versions that were built for each other"),
    Row("environment", "network", "certain", "", r"NameResolutionError|Name or service not known|Temporary failure in name resolution|nodename nor servname|getaddrinfo (?:failed|ENOTFOUND)|No address associated with hostname|UnknownHostException",
        "a host's name is not known here: {summary}", "give the tests a network, or put something in the host's place"),
    Row("environment", "network", "certain", "", r"Network is unreachable|No route to host|ENETUNREACH",
        "there is no way to that host: {summary}", "give the tests a network, or put something in the host's place"),
    Row("environment", "network", "likely", "", r"CERTIFICATE_VERIFY_FAILED|ProxyError|Tunnel connection failed",
        "the connection was not let through: {summary}", "look at the proxy and its certificates"),
    Row("environment", "service", "likely", "", r"Cannot connect to the Docker daemon|Error while fetching server API version",
        "Docker does not answer", "start Docker, or skip the test where there is none"),
    Row("environment", "service", "likely", "", r"Connection refused|ECONNREFUSED|actively refused|could not connect to server|connection to server at",
        "nothing answers there: {summary}", "start what it connects to, or put something in its place"),
    Row("environment", "network", "likely", "ConnectionResetError|ConnectionAbortedError|RemoteDisconnected|ReadTimeout\\w*|ConnectTimeout\\w*|PoolTimeout",
        r"", "the connection broke or was too slow: {summary}", "run it again; put something in the service's place"),
    Row("environment", "network", "likely", "HTTPError|HTTPStatusError", r"\b(?:429|502|503|504)\b",
        "the service is not well: {summary}", "run it again later, or put something in the service's place"),
    Row("environment", "tool", "likely", "CalledProcessError", r"returned non-zero exit status 127",
        "a program is not there: {summary}", "install the program, or skip the test where it is missing"),
    Row("environment", "permission", "likely", "CalledProcessError", r"returned non-zero exit status 126",
        "a program may not be run: {summary}", "make it executable"),
    Row("environment", "tool", "likely", "", r"needs to be in PATH|Executable doesn't exist at|is not installed or it's not in your PATH|make sure the \S+ executables? (?:is|are) on your|JAVA_HOME is not set|docker: not found|docker not found",
        "a program is not there: {summary}", "install the program, or skip the test where it is missing"),
    Row("environment", "disk", "certain", "OSError", r"\[Errno (?:28|122)\]|No space left on device|Disk quota exceeded",
        "there is no room on the disk", "make room"),
    Row("environment", "permission", "likely", "", r"\[Errno 30\]|Read-only file system",
        "what is written to may not be written to: {summary}", "write into `tmp_path`"),
    Row("environment", "permission", "likely", "PermissionError", r"",
        "it is not allowed here: {summary}", "write into `tmp_path`; give it the rights, or another cage, if it needs them"),
    Row("environment", "port", "likely", "", r"\[Errno (?:98|48)\]|[Aa]ddress already in use|EADDRINUSE",
        "the port is taken: by another program, or by a test that ran before", "bind port 0 and ask which one it became"),
    Row("environment", "limit", "likely", "OSError", r"\[Errno 24\]|Too many open files",
        "too many files are open", "close what is opened; else raise `ulimit -n`"),
    Row("environment", "memory", "likely", "MemoryError|_ArrayMemoryError|OutOfMemoryError", r"",
        "there is not enough memory: {summary}", "give it less to do, or more memory"),
    Row("environment", "hardware", "likely", "", r"no NVIDIA driver|No CUDA GPUs are available|CUDA (?:error|driver)|not compiled with CUDA",
        "it needs a graphics card: {summary}", "skip it where there is none"),
    Row("environment", "display", "likely", "", r"no display name and no \$DISPLAY|could(?: not|n't) connect to (?:X server|display)|cannot open display",
        "it needs a screen: {summary}", "run it under `xvfb-run`, or choose a backend without a screen"),
    Row("environment", "locale", "likely", "Error|ZoneInfoNotFoundError", r"unsupported locale setting|No time zone found with key",
        "a locale or a time zone is not installed: {summary}", "install it (`tzdata`), or set another one"),
    Row("environment", "credentials", "likely", "", r"Unable to locate credentials|could not automatically determine credentials|default credentials were not found",
        "it needs credentials that are not here", "put something in the service's place, or skip it where there are none"),
    Row("environment", "database", "likely", "OperationalError|ProgrammingError|InterfaceError|\\w*DatabaseError|OperationalFailure",
        r"unable to open database file|database \S+ does not exist|Unknown database|Access denied for user|password authentication failed|role \S+ does not exist|database is locked",
        "the database cannot be used: {summary}", "make the database, or choose a path that is there"),
    Row("fixture", "database", "likely", "OperationalError|ProgrammingError|UndefinedTable|\\w*DatabaseError",
        r"no such table|relation \S+ does not exist|Table \S+ doesn't exist|no such column",
        "the database is there, and its tables are not: {summary}", "let the fixture make the tables"),
    Row("timeout", "child", "likely", "TimeoutExpired", r"",
        "what it started did not end in time: {summary}", "look at what the child waits for, or give it more time"),
    Row("environment", "network", "likely", "TimeoutError|timeout", r"\A(?:timed out|The read operation timed out|\[Errno 110\][^\n]*)\Z",
        "nobody answered in time", "start what it waits for, or put something in its place"),
)  # fmt: skip

#: Fixtures that only a plugin has, and the project that holds it; as these projects' own pages say.
PLUGIN_FIXTURES = {
    "mocker": "pytest-mock", "class_mocker": "pytest-mock", "module_mocker": "pytest-mock", "session_mocker": "pytest-mock",
    "benchmark": "pytest-benchmark", "httpx_mock": "pytest-httpx", "requests_mock": "requests-mock",
    "respx_mock": "respx", "freezer": "pytest-freezer", "snapshot": "syrupy", "event_loop": "pytest-asyncio",
    "unused_tcp_port": "pytest-asyncio", "anyio_backend": "anyio", "aiohttp_client": "pytest-aiohttp",
    "aiohttp_server": "pytest-aiohttp", "qtbot": "pytest-qt", "qapp": "pytest-qt", "django_db_blocker": "pytest-django",
    "django_db_setup": "pytest-django", "django_user_model": "pytest-django", "admin_client": "pytest-django",
    "live_server": "pytest-django", "mailoutbox": "pytest-django", "django_assert_num_queries": "pytest-django",
    "faker": "Faker", "postgresql": "pytest-postgresql", "celery_app": "celery", "celery_worker": "celery",
    "datadir": "pytest-datadir", "shared_datadir": "pytest-datadir", "data_regression": "pytest-regressions",
    "num_regression": "pytest-regressions", "file_regression": "pytest-regressions",
    "dataframe_regression": "pytest-regressions", "httpserver": "pytest-httpserver", "worker_id": "pytest-xdist",
    "testrun_uid": "pytest-xdist", "jp_fetch": "pytest-jupyter", "jp_serverapp": "pytest-jupyter",
    "docker_services": "pytest-docker", "docker_ip": "pytest-docker", "vcr": "pytest-recording",
    "fp": "pytest-subprocess", "fake_process": "pytest-subprocess", "fs": "pyfakefs", "dash_duo": "dash",
    "image_diff": "pytest-image-diff", "cov": "pytest-cov", "subtests": "pytest-subtests",
}  # fmt: skip


def _plain(cls: CauseClass, code: str, confidence: Confidence, why: str, fix: str) -> Row:
    return Row(cls, code, confidence, "", "", why, fix)


# What follows from whose code raised it, and how: judged in `sorting.py` and `importing.py`.
NO_FIXTURE = _plain(
    "fixture",
    "not-found",
    "certain",
    "there is no fixture `{name}`",
    "define it in this file or in a `conftest.py` above it",
)
PLUGIN_FIXTURE = _plain(
    "environment",
    "import",
    "likely",
    "the fixture `{name}` comes with a plugin that is not installed or not loaded",
    "install `{plugin}`",
)
UNSEEN = _plain(
    "unknown",
    "unseen",
    "unknown",
    "something failed where nobody could catch it: {summary}",
    "run it alone with `-X tracemalloc=10`: it may be another test that left this behind",
)
NO_PROGRAM = _plain(
    "environment",
    "tool",
    "certain",
    "the program `{name}` is not there",
    "install `{name}`, or skip the test where it is missing",
)
NO_VARIABLE = _plain(
    "environment",
    "variable",
    "likely",
    "the environment variable {message} is not set",
    "set it with `monkeypatch.setenv`, or for the run",
)
UNREADABLE = _plain("product", "syntax", "certain", "Python cannot read {file}: {summary}", "mend that line")
TEXT = _plain(
    "product",
    "syntax",
    "likely",
    "Python was given a text at {place} that it cannot read: {summary}",
    "look at what text comes there",
)
WAITED = _plain(
    "timeout",
    "waiting",
    "likely",
    "something was waited for that did not come: {summary}",
    "look at what is waited for, before the limit is raised",
)
TIMED = _plain(
    "flaky-time",
    "timing",
    "likely",
    "it asserts how long something takes: {summary}",
    "run it again; assert what was done, not how fast",
)
RAISED = _plain("product", "", "likely", "raised in the product, {place}: {summary}", "look at that line")
PREPARED = _plain(
    "fixture", "setup", "likely", "a fixture failed at {place}: {summary}", "look at the fixture"
)
HELP_UNREAD = _plain(
    "collection", "import", "likely", "{place} cannot be imported: {summary}", "look at that line"
)
TEST_UNREAD = _plain(
    "test-bug", "import", "likely", "the test file fails while it is imported: {summary}", "mend that line"
)
EXPECTED = _plain(
    "product",
    "",
    "likely",
    "it is not as the test expects: {summary}",
    "compare what came with what was expected",
)
UNNAMED = _plain(
    "test-bug",
    "name",
    "certain",
    "the test uses a name that it does not have: {summary}",
    "define or import it in the test",
)
UNUSABLE = _plain(
    "product",
    "value",
    "likely",
    "what came is not what the test works with: {summary}",
    "look at what is returned",
)
OWN_LINE = _plain(
    "test-bug", "", "likely", "the test's own line fails: {summary}", "mend the test at {place}"
)
WARNED = _plain(
    "test-bug", "warning", "likely", "a warning counts as an error here: {summary}", "do what it says"
)
UNKNOWN = _plain("unknown", "", "unknown", "{summary}", "run it alone: it says more then")

EXTRA = _plain(
    "environment", "import", "likely", "a package that it can use is missing: {summary}", "install it"
)
PATCHED = _plain(
    "test-bug",
    "mock",
    "likely",
    "it patches something in `{name}`, which is not there",
    "mend the path that is patched",
)
HIDDEN = _plain(
    "product",
    "import",
    "likely",
    "a file hides the package that `{name}` is in",
    "give that file another name",
)
ABSENT = _plain(
    "environment", "import", "certain", "the module `{name}` is not installed", "install `{name}`"
)
PART_ABSENT = _plain(
    "environment",
    "import",
    "likely",
    "`{name}` is no part of what is installed",
    "install the version that has it, or mend the import",
)
MISSPELT = _plain(
    "test-bug",
    "import",
    "likely",
    "there is no module `{name}`, and the project has one of nearly that name",
    "mend the import",
)
OFF_PATH = _plain(
    "environment",
    "import",
    "likely",
    "`{name}` is the project's own, and is not on the path",
    "`pip install -e .`, or set `pythonpath` in the configuration of pytest",
)
OWN_ABSENT = _plain(
    "product",
    "import",
    "certain",
    "the product imports `{name}`, which it does not have",
    "add the module, or mend the import",
)
OWN_UNKNOWN = _plain(
    "product",
    "import",
    "likely",
    "the test imports `{name}`, which the product does not have",
    "add the module, or mend the import",
)
CIRCULAR = _plain(
    "product",
    "import",
    "likely",
    "`{module}` and what it imports import each other",
    "move the import into the function that needs it",
)
NAME_ABSENT = _plain(
    "product",
    "import",
    "likely",
    "`{name}` is imported, which `{module}` does not have",
    "add it, or mend the import",
)
HELP_ABSENT = _plain(
    "test-bug", "import", "likely", "`{module}`, of the tests, has no `{name}`", "mend the import"
)
DRIFTED = _plain(
    "environment",
    "import",
    "likely",
    "`{module}`, as it is installed, has no `{name}`",
    "install the version that has it, or mend the import",
)
REMOVED = _plain(
    "product", "import", "likely", "`{name}` is no longer part of Python", "use what replaced it"
)
