"""Read the words of a command as its program would: options, values, operands.

Where programs differ the stricter reading counts. A word that the rule does not
know is a question, never skipped.
"""

from __future__ import annotations

from collections.abc import Sequence

from .found import Found
from .kinds import KINDS, LAST
from .rulefile import Operands, Option, Rule

_HARMLESS = frozenset(("text", "read", "write", "change", "plain"))
_YES_OR_NO = frozenset(("true", "false", "1", "0", "yes", "no", "always", "never", "auto"))


def scan(rule: Rule, words: Sequence[str], found: Found) -> None:
    """Note in `found` what the words after the program's name mean under `rule`."""
    _Scan(rule, words, found).run()


class _Scan:
    """One pass over the words; the rule becomes the subcommand's as soon as that is known."""

    __slots__ = ("at", "executes", "found", "given", "operands", "rule", "words")

    def __init__(self, rule: Rule, words: Sequence[str], found: Found) -> None:
        self.rule = rule
        self.words = words
        self.found = found
        self.at = 0
        self.given: set[str] = set()
        self.operands: list[str] = []
        self.executes: list[tuple[str, ...]] = []

    def run(self) -> None:
        self.found.line, self.found.where = self.rule.line, self.rule.name
        self.enter()
        if self.rule.bundled and self.words and self.words[0][:1] not in ("-", ""):
            self.bundle(self.words[0])
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            if word in self.rule.options:
                self.take(self.rule.options[word], None)
            elif word[:1] == "-" and len(word) > 1 and self.rule.style != "none":
                if word == "--":
                    self.end_of_options()
                    break
                self.dashed(word)
            elif self.rule.subs:
                if not self.descend(word):
                    return
            elif self.rule.ordered or self.rule.style == "none":
                self.operands += self.words[self.at - 1 :]
                break
            else:
                self.operands.append(word)
        self.finish()

    def bundle(self, letters: str) -> None:
        """Read tar's `czf`: each letter with a value takes the next word, in their order."""
        self.at = 1
        for letter in letters:
            option = self.rule.options.get("-" + letter)
            if option is None:
                self.unknown(f"{letter} in {letters}")
            else:
                self.take(option, None)

    def descend(self, word: str) -> bool:
        """Go on with the subcommand's rule; False when there is none."""
        sub = self.rule.subs.get(word)
        if sub is None:
            self.found.doubt(f"the rule does not know `{self.rule.name} {word}`")
            return False
        self.rule = sub
        self.found.where = sub.name
        if self.found.answer == "allow":
            self.found.line = sub.line
        self.enter()
        return True

    def enter(self) -> None:
        """Note the answer that holds for every call, before any that an option gives."""
        rule = self.rule
        if rule.answer != "allow":
            self.found.doubt(rule.why, answer=rule.answer, line=rule.line)

    def end_of_options(self) -> None:
        """Take what is left as operands; a doubtful option among them stays a doubt.

        A program may read `--` as the value of an option that we take for a flag.
        """
        while self.rule.subs and self.at < len(self.words):
            self.at += 1
            if not self.descend(self.words[self.at - 1]):
                break
        for word in self.words[self.at :]:
            if word[:1] == "-" and not self.rule.ordered:
                self.disguised(word)
        self.operands += self.words[self.at :]

    def disguised(self, word: str) -> None:
        """Doubt a word that would be a doubtful option if it were read as one, shortened or not."""
        name = word.partition("=")[0]
        for known, option in self.rule.options.items():
            if known == name or (name != "--" and name.startswith("--") and known.startswith(name)):
                if option.answer != "allow":
                    self.found.doubt(option.why, answer=option.answer, line=option.line)
                elif option.kind not in _HARMLESS:
                    self.found.doubt(f"{word} could also be the option {known}")

    def dashed(self, word: str) -> None:
        """Read a word that begins with a dash and is no option's whole name."""
        style = self.rule.style
        if word.startswith("--") or style == "single":
            name, is_pair, value = word.partition("=")
            option = self.long(name, style)
            if option is None:
                self.glued(word)
            elif is_pair:
                self.attached(option, value)
            else:
                self.take(option, None)
        else:
            self.cluster(word)

    def long(self, name: str, style: str) -> Option | None:
        """Return the long option that `name` means, also when it is shortened."""
        options = self.rule.options
        if name in options:
            return options[name]
        if style == "single":
            return options.get(name[1:]) if name.startswith("--") else None
        if style != "gnu":
            return None
        candidates = [option for known, option in options.items() if known.startswith(name)]
        if len(candidates) > 1:
            names = " ".join(option.name for option in candidates)
            self.found.doubt(f"{name} may mean any of {names}")
            strictest = [option for option in candidates if option.answer == "refuse"]
            return (strictest or candidates)[0]
        return candidates[0] if candidates else None

    def glued(self, word: str) -> None:
        for option in self.rule.glued:
            if word.startswith(option.name):
                self.take(option, word[len(option.name) :])
                return
        if "-#" in self.rule.options and word[1:].isdecimal():
            return
        self.unknown(word)

    def attached(self, option: Option, value: str) -> None:
        if not option.takes and not (self.rule.style != "gnu" and value.lower() in _YES_OR_NO):
            self.found.doubt(f"{option.name} takes no value")
        self.take(option, value if option.takes else None)

    def cluster(self, word: str) -> None:
        """Read `-xzf…`: flags, the last of which may have its value in the same word or the next."""
        options = self.rule.options
        if word[1:].isdecimal() and "-#" in options:
            return
        for place, letter in enumerate(word[1:], 1):
            option = options.get("-" + letter)
            if option is None:
                for glued in self.rule.glued if place == 1 else ():
                    if word.startswith(glued.name):
                        self.take(glued, word[len(glued.name) :])
                        return
                self.unknown("-" + letter if len(word) < 4 else f"-{letter} in {word}")
                return
            if option.takes:
                value = word[place + 1 :]
                if value.startswith("=") and self.rule.style == "exact":
                    value = value[1:]
                self.take(option, value or None)
                return
            self.take(option, None)

    def unknown(self, word: str) -> None:
        self.found.doubt(f"the rule does not know the option {word} of {self.rule.name}")

    def take(self, option: Option, value: str | None) -> None:
        """Note an option, with the next word as its value where it needs one."""
        self.given.add(option.name)
        if option.answer != "allow":
            self.found.doubt(option.why, answer=option.answer, line=option.line)
        if option.takes == ";":
            self.execute()
            return
        if option.takes == "~=":
            value = None  # what is glued to the name says which stream it is about
        if value is None and (option.takes[-1:] == "=" or (option.takes == "~" and option.kind != "text")):
            value = self.next_value(option)
            if value is None:
                return
        if option.kind in LAST:
            LAST[option.kind]((value or "", *self.words[self.at :]), self.found)
        elif value is not None:
            KINDS[option.kind](value, self.found)
        if option.ends:
            self.at = len(self.words)

    def next_value(self, option: Option) -> str | None:
        """Return the word after an option; None if there is none."""
        self.at += option.takes == "=="  # the first of the two is a name
        if self.at >= len(self.words):
            self.found.doubt(f"{option.name} has no value")
            return None
        value = self.words[self.at]
        self.at += 1
        if value == "--":
            self.found.doubt(f"{option.name} has -- for a value")
        elif value[:1] == "-":
            self.disguised(value)
        return value

    def execute(self) -> None:
        """Take the words up to `;`, or up to `{} +`, as a command."""
        start = self.at
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            if word == ";" or (word == "+" and self.words[self.at - 2] == "{}"):
                self.inner(self.words[start : self.at - 1])
                return
        self.inner(self.words[start:])
        self.found.doubt("the inner command has no end")

    def inner(self, words: Sequence[str]) -> None:
        if words:
            self.executes.append(tuple(words))
        else:
            self.found.doubt("there is no inner command")

    def finish(self) -> None:
        rule, found = self.rule, self.found
        found.code = found.code or rule.code
        start = len(found.reads)
        if not self.given & rule.elsewhere and (not rule.when or self.given & rule.when):
            found.writes += rule.writes
        has_few = len(self.operands) < rule.least
        if has_few and (rule.needs or (rule.subs and self.given)):
            if not self.given & rule.enough:
                found.doubt(rule.needs or f"{rule.name} is not told what to do")
        elif not self.operands and rule.default:
            self.operands = [rule.default]
        operands = next(
            (case for groups, case in rule.cases if all(group & self.given for group in groups)),
            rule.operands,
        )
        self.place(operands)
        found.reads += found.changes
        if rule.trees and (rule.trees & self.given or "*" in rule.trees):
            # Without a place it is the folder where it runs.
            found.trees += found.reads[start:] or ["."]
        if not self.given & rule.reading:
            found.writes += found.changes
        for command in self.executes:
            # A path that the program will find lies below one of the operands.
            for root in self.operands:
                below = root.rstrip("/") + "/{}"
                found.commands.append(tuple(word.replace("{}", below) for word in command))

    def place(self, kinds: Operands) -> None:
        """Give each operand its kind, in order; those after a `*` are counted from the end."""
        words, found = self.operands, self.found
        if kinds and kinds[-1][0] in LAST:
            front = len(kinds) - 1
            for (kind, _), word in zip(kinds[:front], words, strict=False):
                KINDS[kind](word, found)
            LAST[kinds[-1][0]](words[front:], found)
            return
        star = next((at for at, (_, count) in enumerate(kinds) if count == "*"), -1)
        if star < 0:
            for (kind, _), word in zip(kinds, words, strict=False):
                KINDS[kind](word, found)
            if len(words) > len(kinds):
                found.doubt(f"the rule does not know what {words[len(kinds)]!r} means to {self.rule.name}")
            return
        back = len(kinds) - star - 1
        end = max(len(words) - back, min(star, len(words)))
        for at, word in enumerate(words):
            if at < star:
                kind = kinds[at][0]
            else:
                kind = kinds[star][0] if at < end else kinds[star + 1 + at - end][0]
            KINDS[kind](word, found)
