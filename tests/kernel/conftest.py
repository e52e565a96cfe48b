"""Kernels for the tests of this folder, and the modules `harness` and `healing` to import."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness import Kernel


def _load(name: str) -> None:
    """Import `name`.py of this folder by its path, for tests to import by `name`."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


_load("harness")
_load("healing")


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Kernel]]:
    """Return a function that gives the module's kernel, or a new one where a test left it at work."""
    import harness

    with ExitStack() as stack:
        present: list[Kernel] = []

        def ready() -> Kernel:
            if not present or present[-1].is_busy:
                kernel = stack.enter_context(harness.Kernel(tmp_path_factory.mktemp("kernel")))
                kernel.execute(harness.LOAD).must_pass()
                present.append(kernel)
            return present[-1]

        yield ready


@pytest.fixture
def kernel(kernels: Callable[[], Kernel]) -> Kernel:
    """Return a kernel with the extension loaded, one a module; no notebook is known to it."""
    return kernels()


@pytest.fixture
def new_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kernel]]:
    """Return a function that starts a kernel for one test, as a front end starts it: nothing is loaded."""
    import harness

    with ExitStack() as stack:

        def start(**environment: str) -> Kernel:
            kernel = harness.Kernel(tmp_path_factory.mktemp("kernel"), **environment)
            return stack.enter_context(kernel)

        yield start
