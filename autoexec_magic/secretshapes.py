"""The forms that vendors document for their tokens: one table for what is masked and for what is packed.

What a sink shows is masked at the least doubt, for a mask costs nothing. A file
that goes into an artifact is refused only where there is none: a program that
speaks of tokens is not one, and a build that ends for no reason is turned off.
"""

from __future__ import annotations

from dataclasses import dataclass

_MIXED = r"(?=[A-Za-z_-]{0,200}[0-9])(?=[0-9_-]{0,200}[A-Za-z])"  # a word, or a row of x, is no token


@dataclass(frozen=True, slots=True)
class Shape:
    """A token: what it begins with, what follows where it is masked, whose it is, what follows in a file."""

    prefix: str
    rest: str
    what: str
    in_file: str


SHAPES: tuple[Shape, ...] = (
    *(
        Shape(f"gh{kind}_", r"[A-Za-z0-9]{36,}", "a GitHub token", _MIXED + r"[A-Za-z0-9]{36,}")
        for kind in "pousr"
    ),
    Shape("github_pat_", r"[A-Za-z0-9_]{22,}", "a GitHub token", _MIXED + r"[A-Za-z0-9_]{60,}"),
    Shape("glpat-", r"[A-Za-z0-9_-]{20,}", "a token of GitLab", _MIXED + r"[A-Za-z0-9_-]{20,}"),
    *(
        Shape(prefix, r"[A-Z0-9]{16}", "an AWS access key", r"(?![A-Z0-9]{9}EXAMPLE)[A-Z2-7]{16}(?![A-Z0-9])")
        for prefix in ("AKIA", "ASIA")
    ),
    Shape(
        "sk-",  # OpenAI, Anthropic and others that follow them
        r"(?=[A-Za-z_-]{0,63}+[0-9])[A-Za-z0-9_-]{20,}",
        "a key of a model's API",
        _MIXED
        + r"(?:(?:proj|svcacct|admin|None|ant-[a-z]{2,8}[0-9]{2}|or-v[0-9])-[A-Za-z0-9_-]{24,}"
        + r"|[A-Za-z0-9]{32,}(?![A-Za-z0-9_-]))",
    ),
    *(
        Shape(
            f"xox{kind}-",
            r"[A-Za-z0-9-]{10,}",
            "a token of Slack",
            r"(?=[A-Za-z-]*[0-9]{6})[A-Za-z0-9-]{20,}",
        )
        for kind in "abeprs"
    ),
    Shape("pypi-AgE", r"[A-Za-z0-9_-]{16,}", "a token of PyPI", r"[A-Za-z0-9_-]{50,}"),
    Shape("npm_", r"[A-Za-z0-9]{36}", "a token of npm", _MIXED + r"[A-Za-z0-9]{36}(?![A-Za-z0-9_])"),
    Shape("AIza", r"[A-Za-z0-9_-]{35}", "a Google API key", _MIXED + r"[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    Shape(
        "hf_",
        r"[A-Za-z0-9]{30,}",
        "a token of Hugging Face",
        r"(?=[a-z]*[A-Z])(?=[A-Z]*[a-z])[A-Za-z0-9]{34,}(?!\w)",
    ),
    Shape("dckr_pat_", r"[A-Za-z0-9_-]{20,}", "a token of Docker Hub", _MIXED + r"[A-Za-z0-9_-]{20,}"),
    *(
        Shape(f"{kind}_live_", r"[A-Za-z0-9]{16,}", "a key of Stripe", _MIXED + r"[A-Za-z0-9]{20,}")
        for kind in ("sk", "rk")
    ),
)
