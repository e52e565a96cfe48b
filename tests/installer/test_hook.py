"""An import that the user wrote succeeds the moment it fails; nobody else's does."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import linecache
import pkgutil
import sys
import threading
import types
from pathlib import Path

import pytest

from autoexec_magic.errors import Cancelled
from autoexec_magic.installer.hook import Hook
from autoexec_magic.installer.importing import Written

CELL = "<cell 1>"


class World:
    """A project, a library, a folder where installed modules arrive, and the hook over them."""

    def __init__(self, folder: Path) -> None:
        self.project, self.library, self.arrives = (folder / name for name in ("project", "lib", "arrives"))
        for place in (self.project, self.library / "site-packages", self.arrives):
            place.mkdir(parents=True)
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.has = {"gone", "gone_too", "space"}
        self.before = lambda need: None
        self.hook = Hook(self.install, Written({CELL}, (self.project,)))
        self.paths = [str(self.project), str(self.library / "site-packages"), str(self.arrives)]

    def install(self, need):
        """Put a module where it will be found, if it is one that can be had."""
        self.asked.append((need.module, need.names))
        self.before(need)
        top, *below = need.module.split(".")
        if top not in self.has:
            return False
        place = self.arrives / top
        place.mkdir(exist_ok=True)
        if not below and top != "space":
            (place / "__init__.py").write_text("A = 'here'\n")
        for name in (*below, *(need.names if top == "space" else ())):
            (place / f"{name}.py").write_text("A = 'below'\n")
        importlib.invalidate_caches()
        return True

    def write(self, name: str, text: str, *, is_library: bool = False) -> None:
        """Write a module into the project, or into the library."""
        (self.library / "site-packages" if is_library else self.project).joinpath(name).write_text(text)
        importlib.invalidate_caches()

    def run(self, source: str, *, is_known: bool = True):
        """Run a cell, its source known to Python or not; return its names."""
        if is_known:
            linecache.cache[CELL] = (len(source), None, source.splitlines(keepends=True), CELL)
        else:
            linecache.cache.pop(CELL, None)
        names = {"__name__": "__main__"}
        self.hook.put_on()
        try:
            exec(compile(source, CELL, "exec"), names)
        finally:
            self.hook.take_off()
        return names


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Yield a world; what was imported from it is forgotten afterwards."""
    made = World(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, *made.paths])
    monkeypatch.setattr(sys, "path_importer_cache", dict(sys.path_importer_cache))
    before, finders = set(sys.modules), list(sys.meta_path)
    yield made
    assert sys.meta_path == finders
    for name in set(sys.modules) - before:
        del sys.modules[name]
    linecache.cache.pop(CELL, None)


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("import gone\nx = gone.A", ("gone", ())),
        ("import gone.deeper", ("gone.deeper", ())),
        ("import json, gone as g", ("gone", ())),
        ("from gone import A", ("gone", ("A",))),
        ("def f():\n    import gone\n    return gone\nf()", ("gone", ())),
        ("import importlib\nimportlib.import_module('gone')", ("gone", ())),
        ("from importlib import import_module as load\nm = [load(n) for n in ['gone']]", ("gone", ())),
        ("__import__('gone')", ("gone", ())),
        ("try:\n    import gone\nexcept KeyError:\n    pass", ("gone", ())),
        ("try:\n    import gone\nfinally:\n    pass", ("gone", ())),
        ("try:\n    1 / 0\nexcept Exception:\n    import gone", ("gone", ())),
        ("class A:\n    import gone", ("gone", ())),
        ("with open(__import__('os').devnull) as f:\n    import gone", ("gone", ())),
        ("exec('import gone')", ("gone", ())),
        ("import functools\nfunctools.reduce(lambda a, b: __import__('gone'), [1, 2])", ("gone", ())),
        ("match 1:\n    case 1:\n        import gone", ("gone", ())),
    ],
)
def test_what_the_user_imports_arrives(world, source, asked):
    """The statement itself succeeds, and the whole of what it wants was asked for, once."""
    world.run(source)
    assert world.asked == [asked]


@pytest.mark.parametrize("source", ["import gone", "def f():\n    import gone\nf()", "exec('import gone')"])
def test_what_has_no_source_is_healed_too(world, source):
    """The body of `%%time` is compiled without one."""
    world.run(source, is_known=False)
    assert world.asked == [("gone", ())]


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import gone\nexcept ImportError:\n    pass",
        "try:\n    import gone\nexcept ModuleNotFoundError:\n    pass",
        "try:\n    import gone\nexcept Exception:\n    pass",
        "try:\n    import gone\nexcept:\n    pass",
        "try:\n    import gone\nexcept (KeyError, ImportError):\n    pass",
        "E = ImportError\ntry:\n    import gone\nexcept E:\n    pass",
        "import builtins\ntry:\n    import gone\nexcept builtins.ImportError:\n    pass",
        "def e():\n    return ImportError\ntry:\n    import gone\nexcept e():\n    pass",
        "try:\n    if True:\n        for i in [1]:\n            import gone\nexcept ImportError:\n    pass",
        "def f():\n    import gone\ntry:\n    f()\nexcept ImportError:\n    pass",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import gone",
        "from contextlib import suppress\nguard = suppress(ImportError)\nwith guard:\n    import gone",
        "import pytest\nwith pytest.raises(ImportError):\n    import gone",
        "try:\n    class A:\n        import gone\nexcept ImportError:\n    pass",
        "try:\n    import gone\nexcept* ImportError:\n    pass",
        "try:\n    exec('import gone')\nexcept ImportError:\n    pass",
    ],
)
@pytest.mark.parametrize("is_known", [True, False], ids=["source", "no source"])
def test_a_guarded_import_is_left_to_its_guard(world, source, is_known):
    """Whatever catches the failure, also further up: the code can do without, and says so itself."""
    world.run(source, is_known=is_known)
    assert world.asked == []


@pytest.mark.parametrize(
    "source",
    [
        "import importlib.util as u\nassert u.find_spec('gone') is None",
        "import importlib.util as u\ntry:\n    u.find_spec('gone.below')\nexcept ImportError:\n    pass",
        "import sys\nassert all(f.find_spec('gone', None) is None for f in sys.meta_path)",
        "import pkgutil\nassert list(pkgutil.walk_packages(['nowhere'], 'gone.')) == []",
        "from importlib.machinery import PathFinder\nassert PathFinder.find_spec('gone') is None",
    ],
)
def test_a_probe_is_no_import(world, source):
    """Who only asks whether a module is there gets a plain no."""
    world.run(source)
    assert world.asked == []


def test_an_entry_point_is_loaded_by_the_library(world):
    """`importlib.metadata` loads what a distribution names; that is not an import of the user's."""
    entry = importlib.metadata.EntryPoint(name="a", value="gone:A", group="g")
    sys.modules["handed"] = types.ModuleType("handed")
    sys.modules["handed"].entry = entry
    with pytest.raises(ModuleNotFoundError):
        world.run("from handed import entry\nentry.load()")
    assert world.asked == []


def test_a_library_is_left_alone(world):
    """What it tries to import, guarded or not, by a statement or a lazy attribute, is its own affair."""
    world.write("tries.py", "try:\n    import gone\nexcept ImportError:\n    gone = None\n", is_library=True)
    world.write("needs.py", "import gone\n", is_library=True)
    world.write("lazy.py", "def __getattr__(name):\n    import gone\n    return gone\n", is_library=True)
    world.run("import tries, lazy\nassert tries.gone is None")
    for source in ("import needs", "import lazy\nlazy.thing", "import lazy\nhasattr(lazy, 'thing')"):
        with pytest.raises(ModuleNotFoundError):
            world.run(source)
    assert world.asked == []


def test_a_name_in_data_is_no_import(world):
    """Compiled code imports in the name of its caller: what a pickle names was written by somebody else."""
    data = b"cgone\nA\n."
    for is_known in (True, False):
        with pytest.raises(ModuleNotFoundError):
            world.run(f"import pickle\npickle.loads({data!r})", is_known=is_known)
    assert world.asked == []


def test_a_file_of_the_project_is_the_users(world):
    """Its plain imports are healed, its guarded ones and its lazy attributes are not."""
    world.write(
        "mine.py", "try:\n    import gone_too\nexcept ImportError:\n    gone_too = None\nimport gone\n"
    )
    names = world.run("import mine\nx = (mine.gone.A, mine.gone_too)")
    assert names["x"] == ("here", None)
    world.write("lazily.py", "def __getattr__(name):\n    import gone_too\n    return gone_too\n")
    with pytest.raises(ModuleNotFoundError):
        world.run("import lazily\nlazily.thing")
    assert [name for name, _ in world.asked] == ["gone"]


def test_a_guard_around_the_projects_file_counts(world):
    """The cell that imports the file can do without it."""
    world.write("fails.py", "import gone\n")
    world.run("try:\n    import fails\nexcept ImportError:\n    fails = None\nassert fails is None")
    assert world.asked == []


def test_what_namespaces_lack_is_asked_for_by_its_whole_name(world):
    """`from space import part` needs the distribution that brings `space.part`."""
    (world.project / "space").mkdir()
    (world.project / "space" / "there.py").write_text("")
    assert world.run("from space import part\nx = part.A")["x"] == "below"
    assert world.asked == [("space", ("part",))]


@pytest.mark.parametrize("text", ["from . import gone\n", "from .gone import A\n", "from .. import gone\n"])
def test_a_relative_import_is_never_healed(world, text):
    """It names the project's own files."""
    for place in (world.project / "pack", world.project / "pack" / "sub"):
        place.mkdir()
    (world.project / "pack" / "sub" / "mod.py").write_text(text)
    with pytest.raises(ImportError):
        world.run("import pack.sub.mod")
    assert world.asked == []


def test_a_part_that_a_package_lacks_is_not_asked_for(world):
    """A package brings all of its own modules: that is drift, and no distribution to install."""
    world.run("import json")
    with pytest.raises(ImportError):
        world.run("from json import gone")
    with pytest.raises(ModuleNotFoundError):
        world.run("import json.gone")
    assert world.asked == []


def test_no_is_remembered_within_the_run(world):
    """What could not be installed is asked for once, however often it is imported."""
    for _ in range(3):
        with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere'"):
            world.run("import nowhere")
    assert len(world.asked) == 1


def test_what_the_heal_imports_is_not_healed(world):
    """It would ask itself, without end."""

    def before(need):
        with pytest.raises(ImportError):
            exec(compile("import gone_too", CELL, "exec"), {})

    world.before = before
    world.run("import gone")
    assert world.asked == [("gone", ())]


def test_a_cancellation_ends_the_import(world):
    """Ctrl-C during an install is no ModuleNotFoundError that somebody might catch; then nothing is stuck."""

    def stop(need):
        raise Cancelled("stopped")

    world.before = stop
    with pytest.raises(Cancelled):
        world.run("import gone")
    with pytest.raises(ModuleNotFoundError):
        world.run("import gone")


def test_another_thread_waits_and_then_has_it(world):
    """Only the cell's own thread heals; who imports the same module meanwhile gets it, others go on."""
    seen = []
    started = []

    def other():
        import gone

        seen.append(gone.A)

    def before(need):
        thread = threading.Thread(target=other)
        thread.start()
        started.append(thread)
        unrelated = threading.Thread(target=lambda: seen.append(__import__("colorsys").__name__))
        unrelated.start()
        unrelated.join(5)
        assert not unrelated.is_alive(), "an import in another thread waits for the heal"

    world.before = before
    world.run("import gone")
    started[0].join(10)
    assert seen == ["colorsys", "here"]
    assert len(world.asked) == 1


def test_a_thread_of_the_cell_is_left_alone(world):
    """It has no prompt; the failure is the thread's own."""
    world.run(
        "import threading\nfailed = []\n"
        "def f():\n    try:\n        g()\n    except ImportError:\n        failed.append(1)\n"
        "def g():\n    import gone\n"
        "t = threading.Thread(target=f)\nt.start()\nt.join()\nassert failed"
    )
    assert world.asked == []


def test_a_finder_that_somebody_adds_goes_first(world):
    """What the cell itself makes importable is not installed."""
    source = (
        "import sys, importlib.machinery as m\n"
        "class F:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        return m.ModuleSpec(name, None, is_package=True) if name == 'gone' else None\n"
        "finder = F()\nsys.meta_path.append(finder)\nimport gone\nsys.meta_path.remove(finder)"
    )
    world.run(source)
    assert world.asked == []


def test_a_copy_of_the_finders_does_nothing_afterwards(world):
    """Who keeps or replaces `sys.meta_path` keeps a finder that finds nothing."""
    world.run("import sys\nkept = sys.meta_path\nsys.meta_path = list(kept)")
    assert world.hook not in sys.meta_path
    sys.meta_path.append(world.hook)
    try:
        with pytest.raises(ModuleNotFoundError):
            exec(compile("import gone", CELL, "exec"), {})
    finally:
        sys.meta_path.remove(world.hook)
    assert world.asked == []


def test_one_hook_is_enough(world):
    """A cell that runs another one is healed by its own."""
    inner = Hook(world.install, Written({CELL}, ()))
    world.hook.put_on()
    inner.put_on()
    assert [finder for finder in sys.meta_path if isinstance(finder, Hook)] == [world.hook]
    inner.take_off()
    world.hook.take_off()


def test_nothing_is_asked_while_no_cell_runs(world):
    """The finder is only there in between."""
    with pytest.raises(ModuleNotFoundError):
        exec(compile("import gone", CELL, "exec"), {})
    assert world.asked == []
    assert importlib.util.find_spec("gone") is None
    assert list(pkgutil.iter_modules(["nowhere"])) == []
