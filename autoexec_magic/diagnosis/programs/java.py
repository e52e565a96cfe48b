"""What Java and Maven say when they fail: uncaught exceptions, the last cause first."""

from __future__ import annotations

from types import MappingProxyType

from ..spots import Family, Saying, Seen, Spot, known, seen

#: Last part of an exception's type -> code, fix.
_TYPES: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "NullPointerException": ("null-dereference", "check for null before that line"),
        "ArrayIndexOutOfBoundsException": ("index-out-of-range", "check the index against the length before that line"),
        "IndexOutOfBoundsException": ("index-out-of-range", "check the index against the size before that line"),
        "StringIndexOutOfBoundsException": ("index-out-of-range", "check the index against the length before that line"),
        "ClassCastException": ("wrong-cast", "look at what the object is before that cast (instanceof)"),
        "NumberFormatException": ("cannot-convert", "look at that text: take out what is no digit"),
        "OutOfMemoryError": ("out-of-memory", "raise the heap (-Xmx), or keep less"),
        "StackOverflowError": ("recursion-limit", "give the method a case in which it does not call itself"),
        "FileNotFoundException": ("file-not-found", "check the path: it is looked up from the working directory"),
        "NoSuchFileException": ("file-not-found", "check the path: it is looked up from the working directory"),
        "AccessDeniedException": ("permission-denied", "take a path you may use, or change its rights"),
        "ClassNotFoundException": ("class-not-found", "add the jar or the folder that has it to the class path (-cp)"),
        "NoClassDefFoundError": ("class-not-found", "add the jar or the folder that has it to the class path (-cp)"),
        "NoSuchMethodError": ("version-conflict", "look for two versions of that library on the class path"),
        "UnsupportedClassVersionError": ("version-too-old", "run it with a newer Java, or compile it with --release"),
        "ArithmeticException": ("division-by-zero", "check the divisor before that line"),
        "ConnectException": ("connection-refused", "start the server, or correct the address and port"),
        "UnknownHostException": ("host-not-found", "check the host's name, and whether this machine has a network"),
        "SocketTimeoutException": ("operation-timed-out", "allow more time, or look at why the server is slow"),
        "BindException": ("address-in-use", "stop what uses that port, or take another"),
        "SSLHandshakeException": ("tls-failed", "give Java the CA (a trust store that has it)"),
        "IllegalArgumentException": ("wrong-value", "look at the values of that call"),
        "IllegalStateException": ("wrong-state", "look at what has to be called before that line"),
        "NoSuchElementException": ("key-not-found", "check that there is one before that line"),
        "ConcurrentModificationException": ("changed-while-iterating", "change a copy, or use the iterator's own remove"),
        "AssertionError": ("assertion-failed", "compare both sides of the assert"),
        "PatternSyntaxException": ("invalid-regex", "correct the pattern at that place, or quote it (Pattern.quote)"),
        "DateTimeParseException": ("date-format", "give the text's own format (DateTimeFormatter)"),
        "UnsupportedOperationException": ("not-implemented", "copy the collection first (new ArrayList<>): that one may not change, or lacks that method"),
        "ArrayStoreException": ("type-mismatch", "store what the array is made for"),
        "NegativeArraySizeException": ("wrong-value", "look at the number that size is made of"),
        "UnsatisfiedLinkError": ("shared-library-missing", "name the library's folder: -Djava.library.path=FOLDER"),
        "URISyntaxException": ("invalid-url", "escape the odd characters of that URL"),
        "MalformedURLException": ("invalid-url", "give the whole URL, with https:// in front"),
        "SSLException": ("tls-failed", "check that the port speaks TLS (https, not http)"),
        "NoSuchFieldError": ("version-conflict", "look for two versions of that library on the class path"),
        "IllegalFormatException": ("format-mismatch", "give each % its value, of its type"),
        "IllegalFormatConversionException": ("format-mismatch", "give each % its value, of its type"),
        "MissingFormatArgumentException": ("format-mismatch", "give each % its value"),
        "UnknownFormatConversionException": ("format-mismatch", "correct the letter behind that %"),
        "NotSerializableException": ("cannot-pickle", "let that class implement Serializable"),
        "DirectoryNotEmptyException": ("folder-not-empty", "empty that folder first"),
        "FileAlreadyExistsException": ("file-exists", "take another name, or allow that it exists"),
        "ZipException": ("damaged-file", "get the file again: it is no whole archive"),
        "SQLException": ("database-error", "read that message of the database"),
        "InputMismatchException": ("wrong-value", "look at what is read there"),
    }
)  # fmt: skip
_LAUNCHER: tuple[Saying, ...] = (
    ("Could not find or load main class", "class-not-found", "correct the class's name, or the class path (-cp)"),
    ("Unable to access jarfile", "file-not-found", "check the path of the jar"),
    ("no main manifest attribute", "main-missing", "name the class: java -cp FILE.jar CLASS"),
    ("UnsupportedClassVersionError", "version-too-old", "run it with a newer Java, or compile it with --release"),
    ("Main method not found in class", "main-missing", "write public static void main(String[] args) in it"),
    ("Unrecognized option: ", "unknown-option", "correct the option; java -X and java --help list them"),
    ("Unrecognized VM option", "unknown-option", "correct the option; java -XX:+PrintFlagsFinal lists them"),
    ("Could not reserve enough space", "out-of-memory", "ask for less memory (-Xmx, -Xms), or raise the limit that it runs under"),
    ("insufficient memory for the Java Runtime", "out-of-memory", "ask for less memory (-Xmx, -Xms), or free some"),
    ("Could not create the Java Virtual Machine", "jvm-not-started", "correct the options that the line above names"),
)  # fmt: skip
_MAVEN: tuple[Saying, ...] = (
    ("there is no POM in this directory", "no-pom", "go into the folder with the pom.xml, or name it with -f"),
    ("Non-readable POM", "no-pom", "correct the path of the pom.xml (-f)"),
    ("Non-parseable POM", "invalid-manifest", "correct the XML at that line of the pom.xml"),
    ("Could not resolve dependencies", "package-not-found", "correct group, artifact and version; offline (-o) needs them in the local repository"),
    ("Could not find artifact", "package-not-found", "correct group, artifact and version"),
    ("could not be resolved", "package-not-found", "correct group, artifact and version; offline (-o) needs them in the local repository"),
    ("COMPILATION ERROR", "compile-failed", "read the errors below it"),
    ("There are test failures", "test-failed", "read target/surefire-reports"),
    ("No plugin found for prefix", "unknown-command", "correct the plugin's name"),
    ("Unknown lifecycle phase", "unknown-command", "correct the phase, such as package or test"),
    ("Fatal error compiling", "compile-failed", "correct the compiler's settings of the pom.xml"),
)  # fmt: skip
_STACK = 60  # lines of a stack that are looked at for its last cause


def read_exception(spot: Spot) -> Seen | None:
    """Explain an exception and what caused it; the last cause is the root."""
    line = spot.line.strip()
    if line.startswith("Caused by: "):
        return None  # read with the exception above it
    is_uncaught = 'Exception in thread "' in line
    head = line.partition('Exception in thread "')[2].partition('" ')[2] if is_uncaught else line
    kind, message = _split(head, is_javas=is_uncaught)
    if not kind or not (is_uncaught or _has_stack(spot)):
        return None
    where, last, evidence = "", spot, []
    for each in spot.below(_STACK):
        words = each.line.strip()
        if words.startswith("Caused by: "):
            evidence.append(f"it ended as {head}")
            kind, message = _split(words[11:], is_javas=True)
            where, head = "", words[11:]
        elif words.startswith("at "):
            where = where or _place(words)
        elif not words.startswith(("... ", "Suppressed: ")):
            break
        last = each
    code, fix = _TYPES.get(
        kind.rpartition(".")[2], ("error", "read that message and the first lines below it")
    )
    why = head if code == "error" or not message else f"{kind.rpartition('.')[2]}: {message}"
    sure = "unknown" if code == "error" else "certain" if is_uncaught else "likely"
    return seen(
        spot,
        code,
        why,
        fix,
        where=where,
        last=last,
        confidence=sure,
        exits=(1,),
        evidence=tuple(evidence[:3]),
    )


def read_launcher(spot: Spot) -> Seen | None:
    """Explain why java could not begin."""
    line = spot.line.strip()
    if not line.startswith(("Error: ", "no main manifest")) and "no main manifest" not in line:
        return None
    if "LinkageError occurred" in line:
        for each in spot.below(3):
            if found := known(spot, _LAUNCHER, each.line.strip(), exits=(1,), last=each):
                return found
    is_echo = line.startswith("Error: Could not create")
    return known(spot, _LAUNCHER, line, exits=(1,), is_echo=is_echo)


def read_machine(spot: Spot) -> Seen | None:
    """Explain why Java's virtual machine could not begin."""
    line = spot.line.strip()
    if line.startswith("Error occurred during initialization of"):
        said = next(iter(spot.below(1)), spot)
        words = said.line.strip()
        if "Exception" in words or "Error: " in words:
            return None
        found = known(spot, _LAUNCHER, words, exits=(1,), last=said)
        fix = "correct the options that it names (JAVA_TOOL_OPTIONS, JAVA_OPTS)"
        return found or seen(spot, "jvm-not-started", words, fix, exits=(1,), last=said)
    if line.startswith(("# There is insufficient memory", "Unrecognized ")):
        return known(spot, _LAUNCHER, line.lstrip("# "), exits=(1, 134))
    return None


def read_maven(spot: Spot) -> Seen | None:
    """Explain a line of Maven's."""
    line = spot.line.strip()
    at = line.find("[ERROR]")
    if at < 0:
        return None
    said = line[at + 7 :].strip()
    found = known(spot, _MAVEN, said, exits=(1,))
    if found is None and said.startswith("/") and ".java:[" in said:
        place, _, words = said.partition("] ")
        file, _, number = place.partition(":[")
        where = f"{file}:{number.partition(',')[0]}"
        return seen(
            spot, "compile-failed", words, "correct that line", where=where, exits=(1,), cascades=True
        )
    return found


def _split(head: str, *, is_javas: bool) -> tuple[str, str]:
    """Split `java.lang.X: message` into its type, "" where it is none, and its message.

    A type without a package is Java's only where the words around it are.
    """
    kind, _, message = head.partition(": ")
    kind = kind.rstrip(":")
    plain = kind.replace(".", "").replace("$", "")
    is_type = is_javas or ("." in kind and kind.endswith(("Exception", "Error", "Throwable")))
    named = plain.isidentifier() and is_type
    return (kind, message) if named else ("", "")


def _has_stack(spot: Spot) -> bool:
    return any(each.line.startswith(("\tat ", "    at ")) and ".java:" in each.line for each in spot.below(2))


def _place(frame: str) -> str:
    """Return `File.java:LINE` of a frame that is not the JDK's."""
    if frame.startswith(("at java.", "at jdk.", "at sun.", "at javax.")):
        return ""
    place = frame.rpartition("(")[2].rstrip(")")
    return place if ".java:" in place or ".kt:" in place else ""


FAMILIES: tuple[Family, ...] = (
    (("Exception in thread ", "Exception: ", "Exception\n", "Error: ", "Error\n"), read_exception),
    (("Error: Could not f", "Error: Unable to access jar", "Error: LinkageError", "Error: Main method", "no main manifest", "Error: Could not create the J"), read_launcher),
    (("Error occurred during initialization of", "There is insufficient memory for", "Unrecognized option: ", "Unrecognized VM option"), read_machine),
    (("[ERROR]",), read_maven),
)  # fmt: skip
