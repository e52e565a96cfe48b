"""Why pip could not install: a conflict reduced to its pair, what is not there, what does not build.

No name out of a text becomes the name of something to install.
"""

from __future__ import annotations

from collections.abc import Callable

from .pairs import COMPILED, EXITS, LOOSEN, YOU, Want, clash, conflict
from .spots import Family, Saying, Seen, Spot, known, seen

_LONGEST = 100  # characters of who wants something
_NETWORK: tuple[Saying, ...] = (
    ("CERTIFICATE_VERIFY_FAILED", "certificate-invalid", "give pip the CA of the index: --cert FILE, or PIP_CERT"),
    ("confirming the ssl certificate", "certificate-invalid", "give pip the CA of the index: --cert FILE, or PIP_CERT"),
    ("SSLError", "tls-failed", "check that the index speaks TLS, and the proxy"),
    ("ProxyError", "proxy-failed", "correct the proxy (https_proxy, --proxy)"),
    ("Cannot connect to proxy", "proxy-failed", "correct the proxy (https_proxy, --proxy)"),
    ("Connection refused", "connection-refused", "start the index, or correct its address (pip config list shows it)"),
    ("NameResolutionError", "host-not-found", "check the index's name (pip config list shows it), and the network"),
    ("Name or service not known", "host-not-found", "check the index's name (pip config list shows it), and the network"),
    ("Temporary failure in name resolution", "host-not-found", "check the index's name (pip config list shows it), and the network"),
    ("is not a trusted or secure host", "untrusted-index", "use https for that index, or trust the host: --trusted-host"),
    ("ConnectTimeout", "operation-timed-out", "check the network and the proxy, then run it again"),
    ("Read timed out", "operation-timed-out", "check the network and the proxy, then run it again"),
    ("Connection reset", "connection-lost", "check the network and the proxy, then run it again"),
    ("401 Client Error", "authentication-failed", "give the index's credentials (keyring, or netrc)"),
    ("403 Client Error", "forbidden", "ask for access to that index"),
)  # fmt: skip
_PIP: tuple[Saying, ...] = (
    ("requires a different Python", "python-unsupported", "take an older version of it, or another Python"),
    ("is not a supported wheel on this platform", "platform-unsupported", "take the wheel made for this Python and machine (pip debug --verbose lists the tags)"),
    ("DO NOT MATCH THE HASHES", "hash-mismatch", "find out why the file differs before you write its new hash down"),
    ("In --require-hashes mode, all requirements must", "hash-missing", "pin every requirement with == and a hash"),
    ("require their versions to be pinned", "hash-missing", "pin every requirement with == and a hash"),
    ("Hashes are required in --require-hashes mode", "hash-missing", "write a hash down for every requirement, those of dependencies too"),
    ("Could not open requirements file", "file-not-found", "check the path: it is looked up from the working directory"),
    ("Neither 'setup.py' nor 'pyproject.toml' found", "not-a-project", "name the folder that has the pyproject.toml"),
    ("unknown command ", "unknown-command", "pip --help lists the commands"),
    ("Could not install packages due to an OSError: [Errno 13]", "permission-denied", "use a virtual environment: python -m venv FOLDER"),
    ("Could not install packages due to an OSError: [Errno 28]", "disk-full", "free some space; TMPDIR and --cache-dir say where pip works"),
    ("Could not install packages due to an OSError", "os-error", "look at that path"),
    ("Could not install packages due to an EnvironmentError", "os-error", "look at that path"),
    ("No matching distribution found", "package-not-found", "correct the name and the version; look whether there is one for this Python and machine"),
    ("HTTP error 404", "package-not-found", "correct the address"),
    ("Cannot uninstall", "not-installed-by-pip", "use a virtual environment: another installer put that package there"),
    ("Exception:", "installer-crashed", "update the installer: python -m pip install --upgrade pip"),
    ("externally-managed-environment", "externally-managed", "use a virtual environment: python -m venv FOLDER"),
    ("Can not perform a '--user' install", "externally-managed", "leave --user out: a virtual environment is used"),
    ("No module named pip", "installer-missing", "python -m ensurepip"),
)  # fmt: skip
_ECHOES = ("error: metadata-generation-failed", "error: legacy-install-failure", "ERROR: Failed building wheel", "ERROR: Could not build wheels", "ERROR: Failed to build", "ERROR: ResolutionImpossible", "ERROR: Command errored out", "error: failed-wheel-build")  # fmt: skip


def read(spot: Spot) -> Seen | None:
    """Explain an `ERROR: ` or `error: ` of pip's."""
    line = spot.line.strip()
    if not line.startswith(("ERROR: ", "error: ")):
        return None
    words = line[7:]
    if line.startswith(_ECHOES):
        fix = "read what the build wrote above"
        return seen(spot, "build-failed", words, fix, is_echo=True, exits=EXITS, confidence="likely")
    for beginning, told in _TOLD:
        if words.startswith(beginning):
            return told(spot, words)
    if line.startswith("error: ") and "externally-managed" not in line:
        return None
    sure = "likely" if words.startswith("No matching") else "certain"
    return known(spot, _PIP, words, exits=EXITS, confidence=sure)


def read_check(spot: Spot) -> Seen | None:
    """Explain a line of `pip check`: what is installed does not fit."""
    line = spot.line.strip()
    for mark in (" has requirement ", " requires "):
        who, found, rest = line.partition(mark)
        wants, but, have = rest.partition(", but you have ")
        if found and but and len(who.split()) == 2:
            have = have.removesuffix(" which is incompatible.").rstrip(".")
            why = f"{who} wants {wants}, but here is {have}"
            return seen(spot, "version-conflict", why, LOOSEN, exits=EXITS)
    return None


def read_missing(spot: Spot) -> Seen | None:
    """Explain a Python that has no pip."""
    program, _, _ = spot.line.strip().partition(": No module named ")
    if not spot.line.rstrip().endswith(": No module named pip") or " " in program:
        return None
    return seen(
        spot, "installer-missing", spot.line.strip(), "python -m ensurepip (Debian: python3-pip)", exits=(1,)
    )


def read_usage(spot: Spot) -> Seen | None:
    """Explain an option that pip does not know, or a name that is not installed."""
    line = spot.line.strip()
    if line.startswith("WARNING: Package(s) not found"):
        return seen(
            spot,
            "not-installed",
            line.removeprefix("WARNING: "),
            "pip list shows what is installed",
            exits=(1,),
        )
    if line.startswith("no such option: ") and any("pip" in each.line for each in spot.above(6)):
        return seen(
            spot, "unknown-option", line, "correct the option; pip COMMAND --help lists them", exits=(2,)
        )
    return None


def _conflict(spot: Spot, words: str) -> Seen:
    """Reduce `Cannot install A and B` to the two that want different versions of the same."""
    wants: list[Want] = []
    lines: list[str] = []
    last = spot
    for each in spot.below(30):
        bare = each.line.strip()
        who, found, rest = bare.partition(" depends on ")
        if not found:
            who, found, rest = bare.partition(" requested ")
            rest = rest.removeprefix("(constraint) ")
        if found and len(who) < _LONGEST:
            wants.append(Want(YOU if who == "The user" else who, rest))
            lines.append(bare)
            last = each
        elif bare.startswith("ERROR: ResolutionImpossible"):
            last = each
            break
        elif bare.startswith(("ERROR: ", "Traceback")):
            break
    evidence = tuple(lines[:8])
    if pair := clash(wants):
        return conflict(spot, *pair, last=last, evidence=evidence)
    why = words.removesuffix(".")
    return seen(spot, "version-conflict", why, LOOSEN, last=last, exits=EXITS, evidence=evidence)


def _installed(spot: Spot, words: str) -> Seen | None:
    """Explain what pip says after it installed something that does not fit."""
    for each in spot.below(20):
        if found := read_check(each):
            evidence = ("it was installed all the same",)
            return seen(
                spot, found.code, found.why, found.fix, last=each, confidence="likely", evidence=evidence
            )
    return None


def _no_version(spot: Spot, words: str) -> Seen:
    """Explain `Could not find a version that satisfies the requirement X (from versions: ...)`."""
    rest = words.removeprefix("Could not find a version that satisfies the requirement ")
    wanted, _, versions = rest.partition(" (from versions: ")
    versions = versions.rstrip(")")
    after = next(iter(spot.below(1)), None)
    last = after if after and "No matching distribution found" in after.line else spot
    above = [each.line.strip() for each in spot.above(25)]
    for line in above:
        is_told = line.startswith(("WARNING: ", "Could not fetch URL", "ERROR: "))
        told = known(spot, _NETWORK, _reason(line), exits=EXITS, last=last, evidence=(words,))
        if is_told and told and "Ignored the following" not in line:
            return told
        if line.startswith(("Collecting ", "Installing build")):
            break
    ignored = next((line for line in above if "require a different python version" in line), "")
    if ignored and versions in ("none", ""):
        why = f"{wanted}: {ignored.partition('ERROR: ')[2] or ignored}"
        return seen(
            spot,
            "python-unsupported",
            why,
            "take an older version of it, or another Python",
            last=last,
            exits=EXITS,
        )
    evidence = [line.removeprefix("ERROR: ") for line in above if "Ignored the following" in line][:3]
    if versions in ("none", ""):
        fix = "correct the name; look whether the index has a file for this Python and machine"
        why = f"no index has {wanted} for this Python and machine"
        return seen(spot, "package-not-found", why, fix, last=last, exits=EXITS, evidence=tuple(evidence),
                    confidence="likely")  # fmt: skip
    why = f"no version fits {wanted}; there are {versions}"
    return seen(spot, "version-not-found", why, "ask for a version that is there", last=last, exits=EXITS, evidence=tuple(evidence))  # fmt: skip


def _reason(line: str) -> str:
    """Return what a warning of pip's says of the network, without its counters and addresses of memory."""
    _, found, rest = line.partition("after connection broken by ")
    if not found:
        return line.removeprefix("WARNING: ")
    kind = rest.lstrip("'\"").partition("(")[0]
    said = rest.partition(" object at 0x")[2].partition(": ")[2] or rest
    return f"{kind}: {said.partition(chr(39) + ')')[0].rstrip(')')}"


def _build(spot: Spot, words: str) -> Seen:
    """Explain a build that failed: its root is what the build itself wrote last."""
    step, root, last, is_compiled, inside = "", "", spot, False, False
    for each in spot.below(400):
        bare = each.line.strip()
        if bare.startswith("error: subprocess-exited-with-error"):
            break
        if bare.startswith("×"):
            step = step or bare.lstrip("× ")
        elif bare.startswith("╰─>"):
            inside = True
            is_compiled = "See above for output" in bare
        elif bare.startswith("[end of output]"):
            last = each
            break
        elif inside and bare:
            is_compiled = is_compiled or any(mark in bare for mark in COMPILED)
            root = bare
    if step.startswith("pip subprocess to install build dependencies") and "ERROR:" in root:
        is_compiled = True
    why = f"{step}: {root}" if root else step or "a build failed"
    last = spot if is_compiled else last
    return seen(spot, "build-failed", why, "read what the build wrote: the last lines above [end of output]", last=last,
                is_echo=is_compiled, confidence="likely", exits=EXITS, evidence=(root,) if root else ())  # fmt: skip


def _invalid(spot: Spot, words: str) -> Seen:
    """Explain `Invalid requirement: ...`, which may be a path that is not there."""
    below = " ".join(each.line for each in spot.below(2))
    if "It looks like a path" in below or "does not exist" in below:
        fix = "check the path: it is looked up from the working directory"
        return seen(spot, "file-not-found", words, fix, exits=EXITS)
    fix = "correct that requirement, such as name>=1.0, and quote it: a shell takes > as its own"
    return seen(spot, "invalid-requirement", words, fix, exits=EXITS)


def _crashed(spot: Spot, words: str) -> Seen:
    """Say that pip itself failed; the exception below it says why."""
    fix = "read the exception below it"
    return seen(spot, "installer-crashed", words, fix, is_echo=True, confidence="likely")


_TOLD: tuple[tuple[str, Callable[[Spot, str], Seen | None]], ...] = (
    ("Cannot install ", _conflict),
    ("pip's dependency resolver does not currently", _installed),
    ("Could not find a version that satisfies the requirement ", _no_version),
    ("subprocess-exited-with-error", _build),
    ("Invalid requirement: ", _invalid),
    ("Exception:", _crashed),
)

FAMILIES: tuple[Family, ...] = (
    (("ERROR: ", "error: externally-managed", "error: subprocess-exited", "error: metadata-gen", "error: legacy-install", "error: failed-wheel"), read),
    ((": No module named pip",), read_missing),
    ((", but you have ",), read_check),
    (("no such option: ", "WARNING: Package(s) not found"), read_usage),
)  # fmt: skip
