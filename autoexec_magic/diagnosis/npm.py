"""Why npm, yarn or pnpm could not do it: npm's codes, and of a conflict the pair."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from .compilers import read_c
from .nodetable import BY_CODE
from .programs import git
from .spots import Family, Saying, Seen, Spot, saying, seen, spot_at

_PREFIXES = ("npm error", "npm ERR!")
_LINES = 140  # lines of one message of npm's; the help that it may print is long
_LOCK = "npm install makes package-lock.json anew; commit it"
#: npm's code -> code of ours, fix.
CODES: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "ERESOLVE": ("version-conflict", "take a version of one of the two that fits the other; npm ls NAME shows who asks"),
        "E404": ("package-not-found", "correct the name in package.json; npm config get registry says where it was looked for"),
        "E401": ("authentication-failed", "npm login to that registry, or correct the token in .npmrc"),
        "E403": ("forbidden", "ask for access to that package, or use another account"),
        "E400": ("download-failed", "look at what the registry answered"),
        "E500": ("download-failed", "ask again later: the registry failed itself"),
        "E503": ("download-failed", "ask again later: the registry failed itself"),
        "E429": ("rate-limited", "ask again later"),
        "ETARGET": ("version-not-found", "npm view NAME versions lists them; correct the version"),
        "ENOVERSIONS": ("version-not-found", "npm view NAME versions lists them"),
        "EBADENGINE": ("engine-unsupported", "use a Node that it supports (nvm install VERSION), or an older version of it"),
        "ENOTSUP": ("engine-unsupported", "use a Node that it supports (nvm install VERSION), or an older version of it"),
        "EBADPLATFORM": ("platform-unsupported", "take a version made for this system, or make it optional"),
        "EINTEGRITY": ("hash-mismatch", "npm cache verify; find out why the file differs before you write its new hash down"),
        "EJSONPARSE": ("invalid-manifest", "correct the JSON of package.json"),
        "EJSONPARSEERROR": ("invalid-manifest", "correct the JSON of package.json"),
        "EINVALIDPACKAGENAME": ("invalid-name", "correct the package's name: lower case, no spaces"),
        "EINVALIDTAGNAME": ("invalid-requirement", "correct the version behind the @"),
        "EUNSUPPORTEDPROTOCOL": ("invalid-url", "use the package manager that this project uses (workspace: is pnpm's and yarn's)"),
        "EUSAGE": ("wrong-usage", "npm COMMAND --help says how"),
        "ELIFECYCLE": ("script-failed", "read what the script wrote above"),
        "ELSPROBLEMS": ("packages-broken", "npm install"),
        "EOTP": ("authentication-failed", "give the one-time password: --otp"),
        "ENEEDAUTH": ("authentication-failed", "npm login to that registry first"),
        "EPUBLISHCONFLICT": ("version-exists", "npm version patch: that version is published already"),
        "ENOLOCK": ("lockfile-missing", _LOCK),
        "ENOWORKSPACES": ("wrong-usage", "run it in the workspace itself"),
        "ERR_SOCKET_TIMEOUT": ("operation-timed-out", "check the network and the proxy, then run it again"),
        "ENOSELF": ("wrong-usage", "rename the package: it has the name of what it installs"),
        "EEXIST": ("file-exists", "remove that file first, if it may go"),
    }
)  # fmt: skip
_SAID: tuple[Saying, ...] = (
    ("Missing script:", "script-not-found", "npm run lists the scripts of package.json; correct the name"),
    ("can only install with an existing package-lock.json", "lockfile-missing", _LOCK),
    ("package.json and package-lock.json or npm-shrinkwrap.json are in sync", "lockfile-outdated", _LOCK),
    ("could not determine executable to run", "command-not-found", "correct the name: that package has no such command"),
    ("Could not read package.json", "manifest-not-found", "go into the project's folder, or make one: npm init"),
    ("Invalid package.json", "invalid-manifest", "correct the JSON of package.json"),
    ("Unknown command", "unknown-command", "npm help lists the commands"),
    ("Unsupported engine", "engine-unsupported", "use a Node that it supports (nvm install VERSION)"),
    ("find Python", "python-not-found", "install Python, or name it: npm_config_python=PATH"),
    ("Exit handler never called", "installer-crashed", "npm cache verify, then run it again"),
    ("Lifecycle script", "script-failed", "read what the script wrote above"),
    ("command failed", "script-failed", "read what the script wrote below it"),
    ("canceled due to missing packages", "package-not-found", "install that package first: npx cannot ask here"),
)  # fmt: skip
_YARN: tuple[Saying, ...] = (
    ("Couldn't find package", "package-not-found", "correct the name in package.json"),
    ("Couldn't find any versions for", "version-not-found", "correct the version in package.json"),
    ("Command \"", "script-not-found", "yarn run lists the scripts; correct the name"),
    ("Your lockfile needs to be updated", "lockfile-outdated", "yarn install without --frozen-lockfile, and commit yarn.lock"),
    ("The engine \"node\" is incompatible", "engine-unsupported", "use a Node that it supports (nvm install VERSION)"),
    ("Command failed with exit code", "script-failed", "read what the script wrote above"),
    ("ERR_PNPM_OUTDATED_LOCKFILE", "lockfile-outdated", "pnpm install without --frozen-lockfile, and commit the lock file"),
    ("ERR_PNPM_NO_SCRIPT", "script-not-found", "pnpm run lists the scripts; correct the name"),
    ("ERR_PNPM_NO_MATCHING_VERSION", "version-not-found", "correct the version in package.json"),
    ("ERR_PNPM_FETCH_404", "package-not-found", "correct the name in package.json"),
    ("ERR_PNPM_PEER_DEP_ISSUES", "version-conflict", "take a version of one of the two that fits the other"),
    ("ERR_PNPM_UNSUPPORTED_ENGINE", "engine-unsupported", "use a Node that it supports"),
    ("ERR_PNPM_NO_PKG_MANIFEST", "manifest-not-found", "go into the project's folder"),
)  # fmt: skip
_NOISE = (
    "A complete log",
    "Note that you can",
    "tarball, folder",
    "For a full report",
    "See ",
    "If you are behind",
)


def read(spot: Spot) -> Seen | None:
    """Explain a message of npm's: all of its lines at once, from the first on."""
    line = spot.line.strip()
    prefix = next((each for each in _PREFIXES if line.startswith(each)), "")
    if not prefix:
        return None
    before = next(iter(spot.above(1)), None)
    if before is not None and before.line.strip().startswith(prefix) and "code " not in line[:20]:
        return None
    lines, last = _block(spot, prefix)
    first = lines[0] if lines else ""
    npm_code = first[5:].strip() if first.startswith("code ") else ""
    said = [each for each in lines[1 if npm_code else 0 :] if each and not each.startswith(_NOISE)]
    joined = " ".join(said).replace("`", "")
    is_vague = not npm_code or npm_code in _VAGUE or npm_code.isdecimal()
    told = saying(joined, _SAID) if is_vague else None
    code, fix = (
        told or CODES.get(npm_code) or BY_CODE.get(npm_code) or ("npm-failed", "read what npm says there")
    )
    why = _reason(npm_code, said, code)
    evidence = tuple(said[:6])
    if code == "version-conflict":
        why = _pair(said) or why
    if npm_code == "ENOENT" and "package.json" in joined:
        code, fix = "manifest-not-found", "go into the project's folder, or make one: npm init"
    if inner := _compiled(lines) if code == "script-failed" else None:
        return replace(
            inner, start=spot.start, end=last.start + len(last.line), evidence=(f"npm: {why}",), exits=()
        )
    if inner := _of_git(lines) if code == "npm-failed" else None:
        return replace(inner, start=spot.start, end=last.start + len(last.line), evidence=evidence, exits=())
    is_echo = npm_code == "ELIFECYCLE" or why.startswith("Lifecycle script")
    sure = "likely" if code in ("npm-failed", "script-failed") and not npm_code else "certain"
    return seen(spot, code, why, fix, last=last, evidence=evidence, is_echo=is_echo, confidence=sure,
                exits=() if code == "script-failed" else (1, 127, 243, 254))  # fmt: skip


def read_yarn(spot: Spot) -> Seen | None:
    """Explain a line of yarn's or pnpm's. Its rows follow their manuals; none was captured."""
    line = spot.line.strip()
    if not line.startswith("error ") and "ERR_PNPM_" not in line:
        return None
    found = saying(line, _YARN)
    if found is None or ("ERR_PNPM" not in line and line.startswith("error: ")):
        return None
    return seen(spot, found[0], line.removeprefix("error "), found[1], confidence="likely", exits=(1,),
                is_echo=found[0] == "script-failed")  # fmt: skip


_VAGUE = ("EUSAGE", "ENOENT", "E404")


def _compiled(lines: list[str]) -> Seen | None:
    """Return what a compiler says inside a message of npm's: a native module that could not be built."""
    for line in lines:
        if (": error: " in line or ": fatal error: " in line) and (found := read_c(spot_at(line, 0))):
            return found
    return None


def _of_git(lines: list[str]) -> Seen | None:
    """Return what git says inside a message of npm's, the first line that is no echo."""
    found = [
        git.read(spot_at(line, 0)) for line in lines if line.startswith(("fatal: ", "error: ", "ERROR: "))
    ]
    return next((each for each in found if each and not each.is_echo), None)


def _block(spot: Spot, prefix: str) -> tuple[list[str], Spot]:
    lines = [spot.line.strip().removeprefix(prefix).strip()]
    last = spot
    for each in spot.below(_LINES):
        bare = each.line.strip()
        if not bare.startswith(prefix):
            break
        said = bare.removeprefix(prefix).strip()
        if said.startswith("code ") and "{" not in said and "'" not in said:
            break  # another message begins
        lines.append(said)
        last = each
    return lines, last


def _reason(npm_code: str, said: list[str], code: str) -> str:
    """Return the line that says most."""
    for mark in ("Missing script", "Missing:", "Not compatible with", "Unsupported platform", "requested resource", "No matching version", "Integrity checksum", "reason: ", "Invalid package", "command failed", "Could not read package.json", "can only install", "Lifecycle script"):  # fmt: skip
        line = next((each for each in said if mark in each), "")
        if line:
            break
    else:
        line = next((each for each in said if not each.startswith(("syscall", "errno", "path ", "at "))), "")
    for word in ("404", "notarget", "notsup", "engine", "network", "enoent", "JSON.parse"):
        line = line.removeprefix(f"{word} ").strip()
    wanted = next((each for each in said if "Required: " in each), "") if code == "engine-unsupported" else ""
    actual = next((each for each in said if "Actual: " in each), "") if wanted else ""
    more = f"; {wanted.removeprefix('notsup ')}; {actual.removeprefix('notsup ')}" if wanted else ""
    npm_code = f"exit code {npm_code}" if npm_code.isdecimal() else npm_code
    return (f"{npm_code}: {line}" if npm_code and line else line or npm_code or "npm failed") + more


def _pair(said: list[str]) -> str:
    """Return who wants what, and who else wants what of the same."""
    found = next((at for at, each in enumerate(said) if each.startswith("Found: ")), -1)
    broken = next((at for at, each in enumerate(said) if each.startswith("Could not resolve dependency")), -1)
    if found < 0 or broken < 0 or broken + 1 >= len(said):
        return ""
    there = said[found].removeprefix("Found: ")
    asked = next((each for each in said[found + 1 : broken] if " from " in each), "")
    wants = said[broken + 1]
    what, _, who = wants.partition(" from ")
    other_what, _, other = asked.partition(" from ")
    first = f"{who or 'a package'} wants {what.replace(chr(34), '')}"
    second = f"{other} wants {other_what.replace(chr(34), '')}" if other else f"{there} is there"
    return f"{first}, but {second} (found {there})"


FAMILIES: tuple[Family, ...] = (
    (("npm error", "npm ERR!"), read),
    (("error Couldn't", "error Command", "error Your lockfile", "error The engine", "ERR_PNPM_"), read_yarn),
)
