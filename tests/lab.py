"""A real Jupyter server, and what a real Chromium shows of it.

`Lab` starts a server on a free port of the loopback with a folder for all that
it keeps; `Page` is a page of it with a notebook and the panel. What is on the
screen is read from the page; what is beyond it (the scrolled part of the log)
from the terminal that the page shows. Everything that is started is stopped by
its process id.

A folder's conftest.py loads this file by its path under the name `lab`; it
imports nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CHROMIUM = "/usr/bin/chromium"
TOKEN = "token-of-the-tests"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
FOREIGN = ("AUTOEXEC_", "JPY_", "JUPYTER", "COLAB_", "PYDEVD_")
QUIET = [
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.expose_app_in_browser=True",
    "--JupyterNotebookApp.expose_app_in_browser=True",
]
LOAD = "%load_ext autoexec_magic"


def notebook(path: Path, *cells: str) -> None:
    """Write a notebook with these cells."""
    code = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(cells)
    ]
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    path.write_text(json.dumps({"cells": code, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))


def free_port() -> int:
    """Return a port of the loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(look: Callable[[], Any], what: str, *, within: float = 60.0, every: float = 0.05) -> Any:
    """Return what `look` returns as soon as that is true, or fail after `within` seconds."""
    until = time.monotonic() + within
    while not (found := look()):
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not come within {within:g} s")
        time.sleep(every)
    return found


class Lab:
    """A Jupyter server with `folder` for all that it keeps; use it as a context.

    Parameters
    ----------
    folder : Path
        Gets the folders `notebooks`, `data` and those of Jupyter.
    *options : str
        More options of the command line.
    app : str
        The module that is started: "jupyterlab", "notebook", or a script.
    base_url : str
        The URL below which everything is.
    """

    def __init__(self, folder: Path, *options: str, app: str = "jupyterlab", base_url: str = "/") -> None:
        self.notebooks = folder / "notebooks"
        self.data = folder / "data"
        self.port = free_port()
        self.base_url = base_url
        self.app = app
        self._log = folder / "server.log"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self.environment = own | {
            "AUTOEXEC_DATA_DIR": str(self.data),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_PLATFORM_DIRS": "1",
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "share"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }
        self.notebooks.mkdir(parents=True, exist_ok=True)
        settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, path: str) -> str:
        """Return the URL of a page, with the token."""
        joint = "&" if "?" in path else "?"
        return f"http://127.0.0.1:{self.port}{self.base_url}{path}{joint}token={TOKEN}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        argv = [sys.executable, *([self.app] if self.app.endswith(".py") else ["-m", self.app])]
        argv += ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}"]
        argv += ["--ServerApp.port_retries=0", f"--ServerApp.base_url={self.base_url}"]
        argv += [] if self.app.endswith(".py") else QUIET
        argv += [
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={self.notebooks}",
            *self._options,
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                argv, env=self.environment, cwd=self.notebooks, stdout=log, stderr=log, start_new_session=True
            )
        eventually(self._answers, f"the server; its log:\n{self.log()}", within=START_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the server, and what is left of what it started."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def log(self) -> str:
        """Return the end of the server's log."""
        return self._log.read_text(errors="replace")[-6000:] if self._log.exists() else ""

    def autoexec(self, *words: str) -> subprocess.Popen[bytes]:
        """Start our command line with the server's store."""
        argv = [sys.executable, "-m", "autoexec_magic", *words]
        return subprocess.Popen(
            argv,
            env=self.environment,
            cwd=self.notebooks,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"the server ended:\n{self.log()}")
        try:
            urllib.request.urlopen(self.url("api/status"), timeout=2).close()
        except urllib.error.HTTPError:
            return True  # it refuses, so it is there
        except OSError:
            return False
        return True


class Page:
    """One page of JupyterLab or Notebook, with a notebook in it and the panel beside it."""

    def __init__(self, page: Any, lab: Lab) -> None:
        self.page = page
        self.lab = lab

    def open(self, name: str) -> Page:
        """Open a notebook, wait for its kernel, and show the panel."""
        # A workspace of its own: JupyterLab else opens what the page before had open.
        space = f"lab/workspaces/{Path(name).stem}/tree/"
        self.page.goto(self.lab.url((space if self.lab.app == "jupyterlab" else "notebooks/") + name))
        self.ready("idle")
        return self

    def reload(self) -> Page:
        """Load the page again."""
        self.page.reload()
        self.ready("idle", "busy", "unknown", "connecting")  # one that is busy does not say so
        return self

    def ready(self, *statuses: str) -> None:
        """Wait for the notebook and its kernel, and show the panel."""
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function(
            """statuses => {
                const app = window.jupyterapp;
                const context = app && app.shell.currentWidget && app.shell.currentWidget.sessionContext;
                const kernel = context && context.session && context.session.kernel;
                return app && app.commands.hasCommand('autoexec:show-panel')
                    && kernel && statuses.includes(kernel.status);
            }""",
            arg=list(statuses),
        )
        self.command("autoexec:show-panel")
        self.page.wait_for_selector(".jp-Autoexec:visible")

    def command(self, name: str, **arguments: object) -> None:
        """Run a command of the application."""
        self.page.evaluate(
            "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }",
            [name, arguments],
        )

    def start(self, number: int) -> None:
        """Run a code cell, as the button of the toolbar does, and do not wait for it."""
        self.page.evaluate(
            """number => {
                const app = window.jupyterapp;
                const notebook = app.shell.currentWidget.content;
                const cells = notebook.widgets.filter(cell => cell.model.type === 'code');
                notebook.activeCellIndex = notebook.widgets.indexOf(cells[number]);
                void app.commands.execute('notebook:run-cell');
            }""",
            number,
        )

    def run(self, number: int) -> None:
        """Run a cell and wait for its end."""
        self.start(number)
        eventually(lambda: self.number_of(number), f"the end of cell {number}")

    def number_of(self, number: int) -> str:
        """Return the number in brackets beside a cell, "" while it waits or runs."""
        cell = self.page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(number)
        prompt = cell.locator(".jp-InputPrompt").inner_text().strip("[]: \n")
        return prompt if prompt.isdigit() else ""

    def output_of(self, number: int) -> str:
        """Return what a cell shows."""
        cell = self.page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(number)
        return str(cell.locator(".jp-OutputArea").first.inner_text())

    def text(self, selector: str) -> str:
        """Return the text of the first element of the panel that the selector names, or ""."""
        found = self.page.locator(f".jp-Autoexec {selector}")
        return str(found.first.inner_text()) if found.count() else ""

    def until(self, look: Callable[[], Any], what: str, *, within: float = 60.0) -> Any:
        """Wait for something in the page."""

        def looked() -> Any:
            self.page.wait_for_timeout(30)  # lets playwright take in what the page says
            return look()

        return eventually(
            looked, f"{what} (the panel says {self.text('')[-1500:]!r})", within=within, every=0.0
        )

    def head(self) -> str:
        """Return the line that says how the shown run stands."""
        return self.text(".jp-Autoexec-head h3")

    def lines(self) -> int:
        """Return how many lines the panel says the run has written."""
        found = self.page.locator(".jp-Autoexec-bar [data-lines]")
        return int(found.first.get_attribute("data-lines")) if found.count() else 0

    def screen(self) -> str:
        """Return what of the log is on the screen."""
        rows = self.page.locator(".jp-Autoexec .xterm-rows")
        return str(rows.first.inner_text()) if rows.count() else ""

    def log(self) -> list[str]:
        """Return the log as the terminal holds it: its lines, wrapped ones put together."""
        lines: list[str] = self.page.evaluate(
            """() => {
                const widgets = [...window.jupyterapp.shell.widgets('right')];
                const panel = widgets.find(widget => widget.id === 'autoexec-panel');
                const terminal = panel.log.terminal;
                if (!terminal) { return []; }
                const buffer = terminal.buffer.active;
                const lines = [];
                for (let at = 0; at < buffer.length; at++) {
                    const line = buffer.getLine(at);
                    const text = line.translateToString(true);
                    if (line.isWrapped) { lines[lines.length - 1] += text; } else { lines.push(text); }
                }
                return lines;
            }"""
        )
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def runs(self, group: str = "") -> list[tuple[str, str]]:
        """Return the listed runs (of a group) from above, each as (verdict, title)."""
        where = f'section[aria-label="{group}"] ' if group else ""
        rows = self.page.locator(f".jp-Autoexec-list {where}button.jp-Autoexec-run")
        return [
            (row.get_attribute("data-verdict"), row.locator(".jp-Autoexec-title").inner_text())
            for row in rows.all()
        ]


@contextlib.contextmanager
def chromium(playwright: Any) -> Iterator[Any]:
    """Yield a headless Chromium."""
    options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
    try:
        yield browser
    finally:
        browser.close()
