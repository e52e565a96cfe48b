"""Import pytest, wait for its arguments on the standard input, and be `python -m pytest` with them.

The standard input is one line, an object of JSON: `arguments`, a list of strings, the `key`
of what is told, `settings` for the plugin, and `cover`, folders of which is told which lines ran. When it
was read, nothing stands there any more, as in any run. The plugin is loaded
from its file: a module of its name in the project is the project's own.

Meanwhile pytest loads the plugins that are installed, as it will again, with a
configuration of nobody's: what it imports for that was installed, and stays. Where
anything else was imported all the same (the project is such a plugin, one of its
folders is on the path), this begins again without; and where Python or pytest
itself is somebody's own source, it begins when there are arguments.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import select
import sys
from collections.abc import Iterator
from typing import Any

CUT_OFF = 89  #: the exit code where a test has closed the stream of records, whatever pytest's was
IS_SPREAD = 88  #: the exit code where lines are to be covered, and the tests to be spread over processes
NO_COVERAGE = 87  #: the exit code where it was asked for and is not there
NO_PYTEST = 86  #: the exit code where there is none
PLUGIN = "autoexec_plugin"
_OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "own")
_FILES = (
    "autoexec_choosing",
    "autoexec_counting",
    "autoexec_cutting",
    "autoexec_ending",
    "autoexec_exiting",
    "autoexec_packages",
    "autoexec_quiet",
    PLUGIN,
)
_BARE = "--bare"
_PACKAGES = frozenset(("site-packages", "dist-packages"))  #: of what is installed; Debian has the second
_PYTHONS_THRESHOLDS = (700, 2000)  #: up to Python 3.12, and from 3.13
_THRESHOLD = 20_000  #: objects; each collection goes through all that pytest has of the tests it collected
_LATE = {"_hypothesis_pytestplugin": "hypothesis"}  #: plugins that import this at the end of any session


def main() -> int:
    """Return pytest's exit code."""
    is_bare = _BARE in sys.argv[1:]
    sys.path[0] = os.getcwd()  # as `python -m` has it
    try:
        importlib.import_module("pytest")
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        return NO_PYTEST
    if not _is_asked():
        _import_ahead(is_bare=is_bare)
    _load()  # which takes the descriptor out of the environment, and from whoever is started
    if not _is_asked():
        _packages("remember")
    gc.collect()
    gc.freeze()  # what is here now stays: no collection need look at it again
    if gc.get_threshold()[0] in _PYTHONS_THRESHOLDS:
        gc.set_threshold(_THRESHOLD)
    told = json.loads(sys.stdin.buffer.readline() or b"null")  # no end of file: a fork may hold the pipe
    if told is None:  # nobody came
        return 0
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return _run(told)


def _run(told: dict[str, Any]) -> int:
    """Be pytest with what was asked for, and end the process."""
    pytest: Any = sys.modules["pytest"]
    arguments = [str(word) for word in told["arguments"]]
    plugin = sys.modules[PLUGIN]
    plugin.KEY.append(told.get("key", ""))
    plugin.SETTINGS.update(told.get("settings", {}))
    sys.argv = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py"), *arguments]
    counting = sys.modules["autoexec_counting"].Counting()
    plugin.AT_END.append(counting.record)
    plugins = [counting, sys.modules[__name__]]
    if told.get("cover") is not None:
        plugins.append(_InOneProcess())
    with _covered(told.get("cover")):
        try:
            code = int(pytest.main(arguments, plugins=plugins))
        except BaseException:  # of closed descriptors pytest may die: it had copies of its own among them
            if not plugin.is_cut_off():
                raise
            with contextlib.suppress(Exception):
                sys.excepthook(*sys.exc_info())
    _leave(CUT_OFF if plugin.is_cut_off() else code)
    return 0


def _import_ahead(*, is_bare: bool) -> None:
    """Import what the run will, or begin again where that may be another one by then."""
    if not is_bare:
        _warm_up()
    if _has_project():
        if is_bare:  # without plugins it is the same: nothing can be done ahead
            select.select([0], [], [])
        os.execv(sys.executable, [sys.executable, "-u", os.path.abspath(__file__), _BARE])


def pytest_load_initial_conftests(early_config: Any, args: list[str]) -> None:
    """Ask for no colours, behind what the project's configuration says and before what a person typed."""
    _packages("forget")  # no conftest was imported yet
    if early_config.pluginmanager.has_plugin("terminal"):  # else there is no such option
        typed = len(early_config.invocation_params.args)
        args.insert(max(0, len(args) - typed), "--color=no")


def _packages(word: str) -> None:
    """Let what is installed be read once, or as ever; it is no condition of a run."""
    with contextlib.suppress(Exception):
        getattr(sys.modules["autoexec_packages"], word)()


def _is_asked() -> bool:
    """Whether the arguments are there already, so that there is no time to do anything twice."""
    return bool(select.select([0], [], [], 0)[0])


def _load() -> None:
    """Load the plugin, and what stands beside it, from their files."""
    for name in _FILES:
        spec = importlib.util.spec_from_file_location(name, os.path.join(_OWN, f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


def _warm_up() -> None:
    """Let pytest import what it will: by names of its own, so whatever is not there is left out."""
    with contextlib.ExitStack() as stack:  # with more than one in brackets is of Python 3.9
        stack.enter_context(contextlib.suppress(Exception))
        stack.enter_context(contextlib.redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
        config = importlib.import_module("_pytest.config")
        before = dict(os.environ)
        try:
            made = config._prepareconfig(["-c", os.devnull, "--rootdir", os.sep, "--noconftest"], [])
            for plugin, module in _LATE.items():
                if plugin in sys.modules:
                    importlib.import_module(module)
            made._ensure_unconfigure()
        finally:
            for name in set(os.environ) - set(before):
                del os.environ[name]
            os.environ.update(before)


@contextlib.contextmanager
def _covered(folders: list[str] | None) -> Iterator[None]:
    """Note which lines run, where that was asked for, and tell it as the last of all records but the end."""
    if folders is None:
        yield
        return
    try:
        coverage: Any = importlib.import_module("coverage")
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NO_COVERAGE)
    measured = coverage.Coverage(source=folders or [os.getcwd()], data_file=None)
    measured.start()
    plugin = sys.modules[PLUGIN]
    plugin.AT_END.append(lambda: _lines_of(measured))
    yield


def _lines_of(measured: Any) -> tuple[str, dict[str, object]]:
    """Return of each file its statements and those that did not run, by their lines."""
    measured.stop()
    found: list[object] = []
    for path in sorted(measured.get_data().measured_files()):
        with contextlib.suppress(Exception):
            _, statements, _, missing, _ = measured.analysis2(path)
            found.append([os.path.relpath(path), len(statements), missing])
    return "covered", {"files": found}


def _leave(code: int) -> None:
    """End the process as Python does, but for taking every module apart: it is gone in a moment."""
    import atexit
    import threading

    threading._shutdown()  # type: ignore[attr-defined]  # waits for the threads that are no daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


class _InOneProcess:
    """Ends where pytest-xdist is to run the tests, on the line, in the settings or in a variable."""

    def pytest_configure(self, config: Any) -> None:
        """Look at it before there is a worker; which lines run there is not seen here."""
        if getattr(config.option, "dist", "no") != "no":
            _leave(IS_SPREAD)


def _has_project() -> bool:
    """Whether anything was imported that may be another one by then: all that nobody has installed."""
    own = os.path.realpath(__file__)
    installed = _Installed()
    for module in list(sys.modules.values()):
        for path in _paths_of(module):
            if path != own and not installed.has(path):
                return True
    return False


def _paths_of(module: Any) -> list[str]:
    """Return where a module is read from; of a package without a file of its own, all folders of it."""
    with contextlib.suppress(Exception):  # some are no modules, and answer as they like
        file = getattr(module, "__file__", None)
        places = [file] if file else list(getattr(module, "__path__", None) or ())
        return [os.path.realpath(place) for place in places if isinstance(place, str)]
    return []


class _Installed:
    """What belongs to Python or was installed, by its path: a link to a folder of somebody's was not."""

    def __init__(self) -> None:
        import sysconfig  # which a run that does not wait need not have

        named = sysconfig.get_paths()
        roots = [named.get("stdlib", ""), named.get("platstdlib", ""), os.path.dirname(os.__file__)]
        archive = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
        roots += [path for path in sys.path if os.path.basename(path) == archive]
        self._roots = tuple(os.path.join(os.path.realpath(root), "") for root in roots if root)

    def has(self, path: str) -> bool:
        """Whether it is one of those."""
        return path.startswith(self._roots) or not _PACKAGES.isdisjoint(path.split(os.sep))


if __name__ == "__main__":
    sys.exit(main())
