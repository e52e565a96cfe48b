"""Words that are commands or code themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .found import Found
from .places import read
from .variables import assign

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)


_SHELL_MARKS = re.compile(r"[^\w@%+=:,./ -]", re.ASCII)


# Modules that are started as a program is, and judged by its rule: by their name, or by another one.
_SAME_NAME = """
    pip pytest ruff mypy black isort flake8 tox nox twine jupyter uv poetry pyright dvc mlflow coverage
    yapf pylint autopep8 pyflakes codespell bandit nbqa docformatter autoflake pyupgrade vulture
    interrogate mkdocs streamlit uvicorn gunicorn flask celery alembic bokeh panel voila spacy papermill
    jupytext nbstripout wandb kaggle gdown yamllint pdm hatch cookiecutter pipx conda weasyprint multiqc
    cutadapt whisper nltk accelerate pdoc httpie lm_eval sacrebleu
""".split()  # noqa: SIM905 - a list to read
_MODULES: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in _SAME_NAME},
    "yt_dlp": ("yt-dlp",),
    "youtube_dl": ("youtube-dl",),
    "awscli": ("aws",),
    "pre_commit": ("pre-commit",),
    "sphinx": ("sphinx-build",),
    "sphinx.ext.apidoc": ("sphinx-apidoc",),
    "django": ("django-admin",),
    "tensorboard.main": ("tensorboard",),
    "torch.distributed.run": ("torchrun",),
    "torch.distributed.launch": ("torchrun",),
    "accelerate.commands.launch": ("accelerate", "launch"),
    "nbconvert": ("jupyter", "nbconvert"),
    "jupyterlab": ("jupyter", "lab"),
    "notebook": ("jupyter", "notebook"),
    "jupyter_server": ("jupyter", "server"),
    "jupyter_book": ("jupyter-book",),
    "grpc_tools.protoc": ("protoc",),
}


def script(word: str, found: Found) -> None:
    """Take a program that is run from a file."""
    found.code = True
    if word == "-":
        found.doubt("it runs what comes in")
    elif word.startswith("@"):
        found.doubt(f"{word} holds further arguments")
    elif "://" in word or re.match(r"[\w.-]+@[\w.-]+:", word):
        found.urls.append(word)
        found.doubt(f"it runs {word}, which is not here")
    else:
        read(word, found)
        found.runs.append(word)


def tests(word: str, found: Found) -> None:
    """Take a file or folder of tests, and perhaps which of them: `a.py::b`."""
    script(word.partition("::")[0], found)


def folder(word: str, found: Found) -> None:
    """Take a folder in which a program works by what it finds there."""
    found.changes.append(word)
    found.runs.append(word)


def perl_file(word: str, found: Found) -> None:
    """Take a file that Perl opens as it is spelt: `id |` would be a command, `>x` would be written."""
    if re.search(r"[|<>&]|^\s|\s$", word):
        found.doubt(f"Perl would take {word} for more than a file")
    read(word, found)


def perl_change(word: str, found: Found) -> None:
    """Take a file that Perl changes in its place."""
    perl_file(word, found)
    found.writes.append(word)


def app(word: str, found: Found) -> None:
    """Take a script or a module, or what a program is to do with it; from an address it is a question."""
    if "/" in word or word.endswith((".py", ".ipynb")):
        script(word, found)


def code(word: str, found: Found) -> None:
    """Take a program that stands in the command line."""
    found.code = True


def line(word: str, found: Found) -> None:
    """Take a shell line: it is handed back, to be judged as a line of its own."""
    found.code = True
    found.commands.append(("sh", "-c", word))


def command(words: Sequence[str], found: Found) -> None:
    """Take the inner command."""
    if words:
        found.commands.append(tuple(words))
        if words[0][:1] == "-":
            found.doubt(f"the rule does not know {words[0]} here")


def fed(words: Sequence[str], found: Found) -> None:
    """Take an inner command that gets further words from the input."""
    found.unseen = True
    command(words or ("echo",), found)


def assigned(words: Sequence[str], found: Found) -> None:
    """Take env's `NAME=value …` and the command after them."""
    at = 0
    while at < len(words) and _ASSIGNMENT.match(words[at]):
        assign(words[at], found)
        at += 1
    command(words[at:], found)


def shelled(words: Sequence[str], found: Found) -> None:
    """Take words that the program joins and hands to a shell."""
    if not words:
        return
    joined_words = " ".join(words)
    if _SHELL_MARKS.search(joined_words):
        line(joined_words, found)
    else:
        command(joined_words.split(), found)


def fed_shelled(words: Sequence[str], found: Found) -> None:
    """Take words that are joined for a shell, which gets further words from the input."""
    found.unseen = True
    plain = [word for word in words if word not in (":::", "{}", "{.}", "{/}", "{#}")]
    if _SHELL_MARKS.search(" ".join(plain)):
        line(" ".join(words), found)
    else:
        command(" ".join(words).split() or ("echo",), found)


def project(words: Sequence[str], found: Found) -> None:
    """Take a command of the project's environment; a script is run by its Python."""
    if words and words[0].endswith((".py", ".pyw")):
        found.commands.append(("python", *words))
    else:
        command(words, found)


def rest(words: Sequence[str], found: Found) -> None:
    """Take the arguments of a program that was named before; it may read what looks like a path."""
    found.reads += [word for word in words if word[:1] in ("/", "~", ".") and len(word) > 1]


def spoken(words: Sequence[str], found: Found) -> None:
    """Take words that are only said, or looked at."""


def launch(words: Sequence[str], found: Found) -> None:
    """Take `launch [options] script …` of accelerate, or a script and its arguments."""
    found.code = True
    at = next((at for at, word in enumerate(words) if word.endswith(".py")), -1)
    before = words[: max(at, 0)]
    if at >= 0 and all(
        re.fullmatch(
            r"launch|\d+|--(?:num_\w+|mixed_precision|multi_gpu|cpu|gpu_ids)(?:=.*)?|no|fp16|bf16", word
        )
        for word in before
    ):
        script(words[at], found)
    elif tuple(words) not in (("env",), ("test",)):
        found.doubt("it is not told which script to run")


def module(words: Sequence[str], found: Found) -> None:
    """Take `python -m NAME …`: a program that has rules of its own is judged by them."""
    found.code = True
    name = words[0] if words else ""
    if name in _MODULES:
        found.commands.append((*_MODULES[name], *words[1:]))
    elif not re.fullmatch(r"[\w.]+", name):
        found.doubt(f"{name!r} is no module's name")
    else:
        found.modules.append(tuple(words))


def itself(words: Sequence[str], found: Found) -> None:
    """Take the words of our own command line, whose rule is that of `python -m autoexec_magic`."""
    found.modules.append(("autoexec_magic", *words))
