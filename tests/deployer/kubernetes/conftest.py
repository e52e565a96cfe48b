"""One namespace for all of these tests, and a service of its own for each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from kubes import Kube, own_namespace


@pytest.fixture(scope="session")
def kube() -> Iterator[Kube]:
    """Return a namespace of a real cluster, which is removed at the end."""
    with own_namespace() as found:
        yield found


@pytest.fixture
def service(kube: Kube) -> Iterator[str]:
    """Return a name that no other test has; what it left is removed."""
    name = f"web-{uuid.uuid4().hex[:6]}"
    yield name
    target = kube.target(name)
    target.switch(None, lambda event: None, fence=10**9)
    target.tidy(None, (), lambda event: None)
