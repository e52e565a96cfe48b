"""The root of workspaces is no package: what is below it is named."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.builder.npm import roots
from autoexec_magic.errors import UsageError


def package(folder, **data):
    """Write a package.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps(data))


@pytest.mark.parametrize("listed", [["packages/*"], {"packages": ["packages/*"]}])
def test_the_packages_of_a_root_are_named(tmp_path, listed):
    """Those that can be built, and none outside."""
    package(tmp_path / "root", private=True, workspaces=listed)
    package(tmp_path / "root" / "packages" / "b", name="b", version="1.0.0")
    package(tmp_path / "root" / "packages" / "a", name="a", version="1.0.0")
    package(tmp_path / "root" / "packages" / "c", name="c", version="1.0.0", private=True)
    (tmp_path / "root" / "packages" / "README.md").write_text("")
    with pytest.raises(UsageError, match="root of workspaces") as refused:
        roots.refuse_root(tmp_path / "root")
    assert refused.value.why == "its packages are packages/a, packages/b"
    assert refused.value.fix == "%autoexec build npm packages/a"


@pytest.mark.parametrize("listed", [["../*"], ["/tmp"], [7], [""], []])
def test_a_root_without_packages_is_said(tmp_path, listed):
    """Nothing outside of it is looked at."""
    package(tmp_path / "a", name="a", version="1.0.0")
    package(tmp_path / "root", private=True, workspaces=listed)
    with pytest.raises(UsageError) as refused:
        roots.refuse_root(tmp_path / "root")
    assert refused.value.why == "none of them is a package"


@pytest.mark.parametrize(
    "data", [{"name": "x", "version": "1.0.0", "workspaces": ["a"]}, {"name": "x"}, {"workspaces": "a"}]
)
def test_what_is_a_package_itself_is_left(tmp_path, data):
    """Or what is wrong in another way."""
    package(tmp_path, **data)
    roots.refuse_root(tmp_path)
    (tmp_path / "package.json").write_text("{")
    roots.refuse_root(tmp_path)
    (tmp_path / "package.json").unlink()
    roots.refuse_root(tmp_path)


def test_a_plan_of_a_root_says_it(tmp_path):
    """Not that it has no name."""
    import benches

    from autoexec_magic.builder import npm, source_of

    package(tmp_path, private=True, workspaces=["p/*"])
    package(tmp_path / "p" / "a", name="a", version="1.0.0")
    with pytest.raises(UsageError, match="root of workspaces"):
        npm.plan(source_of(tmp_path, tmp_path), benches.bench(tmp_path / "data"))
