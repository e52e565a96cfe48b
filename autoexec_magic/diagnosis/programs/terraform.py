"""What Terraform and OpenTofu say: a title behind `Error: `, its place, and why."""

from __future__ import annotations

from autoexec_magic.values import Confidence, Diagnosis

from .. import shell
from ..spots import Family, Saying, Seen, Spot, saying, seen

_BOX = "│| "
_NEAR = 14  # lines of a message
#: Title -> code, fix.
_TITLES: tuple[Saying, ...] = (
    ("Unsupported Terraform Core version", "version-too-old", "take a version that required_version allows, or change it"),
    ("Unsupported OpenTofu Core version", "version-too-old", "take a version that required_version allows, or change it"),
    ("Reference to undeclared", "name-not-declared", "declare it (variable, locals, resource), or correct the name"),
    ("Call to unknown function", "name-not-declared", "correct the function's name"),
    ("No value for required variable", "missing-argument", "give it: -var NAME=VALUE, a .tfvars file, or TF_VAR_NAME"),
    ("Missing required argument", "missing-argument", "add the argument that the message names"),
    ("Unsupported argument", "unexpected-argument", "correct the argument's name, or take it out"),
    ("Unsupported attribute", "attribute-not-found", "correct the attribute's name"),
    ("Unsupported block type", "invalid-config", "correct the block's name, or take it out"),
    ("Invalid index", "key-not-found", "look at what the collection holds"),
    ("Failed to read variables file", "file-not-found", "check the path of -var-file"),
    ("Unreadable module directory", "file-not-found", "correct the source of that module"),
    ("Invalid function argument", "wrong-value", "look at the value that the message names"),
    ("Invalid default value for variable", "type-mismatch", "make default and type fit"),
    ("Invalid value for variable", "wrong-value", "give a value that the variable allows"),
    ("Invalid value for input variable", "type-mismatch", "give a value of the variable's type"),
    ("Incorrect attribute value type", "type-mismatch", "convert it: tostring(), tonumber(), tolist()"),
    ("Inconsistent conditional result types", "type-mismatch", "let both sides have one type"),
    ("Invalid operand", "unsupported-operand", "convert it: tostring(), tonumber()"),
    ("Division by zero", "division-by-zero", "check the divisor"),
    ("Duplicate ", "declared-twice", "rename one, or take one out"),
    ("Cycle: ", "circular-dependency", "take one of the references out"),
    ("Self-referential", "circular-dependency", "take that reference out"),
    ("Module not installed", "not-installed", "terraform init"),
    ("Required plugins are not installed", "not-installed", "terraform init"),
    ("Missing required provider", "not-installed", "terraform init"),
    ("Inconsistent dependency lock file", "lockfile-outdated", "terraform init; commit .terraform.lock.hcl"),
    ("Backend initialization required", "not-installed", "terraform init (-migrate-state or -reconfigure)"),
    ("Error acquiring the state lock", "lock-held", "wait for the other run; if there is none, terraform force-unlock ID"),
    ("No configuration files", "not-a-project", "go into the folder that has the .tf files (-chdir=FOLDER)"),
    ("Failed to query available provider packages", "download-failed", "check the provider's source and version, and the network"),
    ("Failed to install provider", "download-failed", "check the provider's source and version, and the network"),
    ("No valid credential sources", "authentication-failed", "give the provider its credentials"),
    ("Resource precondition failed", "assertion-failed", "look at why that condition does not hold"),
    ("Resource postcondition failed", "assertion-failed", "look at why that condition does not hold"),
    ("local-exec provisioner error", "command-failed", "run that command alone to see what it says"),
    ("remote-exec provisioner error", "command-failed", "run that command alone to see what it says"),
    ("Unclosed configuration block", "syntax", "close the bracket that the block opens"),
    ("Argument or block definition required", "syntax", "correct that line"),
    ("Invalid expression", "syntax", "correct that expression"),
    ("Invalid character", "syntax", "take the odd character out"),
    ("Missing newline after", "syntax", "begin a new line there"),
    ("Unterminated template string", "syntax", "close the quote that the line opens"),
    ("Invalid single-argument block definition", "syntax", "begin a new line behind the bracket"),
    ("Invalid block definition", "syntax", "correct that line"),
    ("Invalid multi-line string", "syntax", "close the quote that the line opens"),
    ("Missing item separator", "syntax", "put a comma between the items, or close the bracket"),
    ("Missing attribute separator", "syntax", "put a comma or a new line between the attributes"),
    ("Missing attribute value", "syntax", "give the attribute a value"),
    ("Missing close brace", "syntax", "close the brace that the line opens"),
    ("Extra characters after", "syntax", "take out what stands behind the expression"),
    ("Missing name for", "syntax", "give the block its labels"),
)  # fmt: skip


_BELOW: tuple[Saying, ...] = (
    ("no file exists at", "file-not-found", "check the path: it is looked up from the working directory"),
    ("flag provided but not defined", "unknown-option", "correct the option; terraform COMMAND -help lists them"),
    ("to number; given string", "cannot-convert", "look at that text: it is no number"),
)  # fmt: skip


#: What may as well be called a line of a configuration that is wrong.
_NEAR_CONFIG = frozenset(
    (
        *("unexpected-argument", "attribute-not-found", "key-not-found", "name-not-declared"),
        *("type-mismatch", "unsupported-operand", "missing-argument"),
    )
)


def read(spot: Spot) -> Seen | None:
    """Explain `Error: TITLE` with the lines below it."""
    line = spot.line.strip(_BOX)
    if line.startswith("Terraform has no command named"):
        return seen(spot, "unknown-command", line, "terraform -help lists the commands", exits=(1, 127))
    if not line.startswith("Error: "):
        return None
    title = line.removeprefix("Error: ")
    where, told, last = _below(spot)
    is_its_own = where or spot.line.lstrip().startswith("│") or "erraform" in told or "flag provided" in told
    if is_its_own and "-exec provisioner error" in title and (ran := _of_command(told)):
        return seen(spot, ran.code, ran.why, ran.fix, where=where, last=last, exits=(1,), confidence="likely")
    found = (saying(told, _BELOW) or saying(title, _TITLES)) if is_its_own else None
    if found is None:
        return None
    why = f"{title}: {told}" if told else title
    sure: Confidence = "likely" if found[0] in _NEAR_CONFIG else "certain"
    return seen(spot, found[0], why, found[1], where=where, last=last, exits=(1,), confidence=sure)


def _of_command(told: str) -> Diagnosis | None:
    """Return what the command of a provisioner said of its failure, or what its exit status stands for."""
    status = told.partition("exit status ")[2].partition(".")[0]
    number = int(status) if status.isdecimal() and len(status) < 4 else None
    reading = shell.read(told.partition("Output: ")[2], number)
    return reading.diagnosis if reading else None


def _below(spot: Spot) -> tuple[str, str, Spot]:
    """Return the place, what is said of it, and the last line of a message."""
    where, last = "", spot
    said: list[str] = []
    for each in spot.below(_NEAR):
        bare = each.line.strip(_BOX)
        if bare.startswith(("╵", "╷", "Error: ")):
            break
        if not where and bare.startswith("on ") and ".tf" in bare and " line " in bare:
            file, _, number = bare[3:].partition(" line ")
            where = f"{file}:{number.partition(',')[0].rstrip(':')}"
            said.clear()
        elif bare and not bare[:1].isdigit():
            said.append(bare)
            last = each
    return where, " ".join(said), last


FAMILIES: tuple[Family, ...] = (
    ((*(f"Error: {mark}" for mark, _, _ in _TITLES if mark[:1].isupper() or "-exec" in mark), "Error: Failed to parse command-line flags", "Terraform has no command"), read),
)  # fmt: skip
