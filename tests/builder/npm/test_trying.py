"""A tarball is used as whoever installs it does: imported, required, by each of its names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from autoexec_magic.errors import BuildError
from autoexec_magic.executor import cage

pytestmark = [
    pytest.mark.limit(120),
    pytest.mark.skipif(not cage.can_be_had("workspace", Path.cwd()), reason="there is no cage here"),
]


def loaded(artifact) -> list[str]:
    """Return the ways that worked."""
    return dict(artifact.provenance)["loaded"].split(", ")


def test_esm_and_cjs_by_every_name(package):
    """A package with conditions, a name below it, and one for types only."""
    exports = {
        ".": {"types": "./a.d.ts", "import": "./a.mjs", "require": "./a.cjs"},
        "./b": "./b.mjs",
        "./types": {"types": "./a.d.ts"},
    }
    package.manifest(exports=exports).put("a.mjs", "export const a = 1").put("a.cjs", "exports.a = 1")
    package.put("a.d.ts", "").put("b.mjs", "export default 1")
    ways = loaded(package.build())
    assert {"import pear", "require pear", "import pear/b"} <= set(ways)
    assert "import pear/types" not in ways


def test_esm_alone_need_not_be_required(package):
    """It says so by its type, or by exports without `require`."""
    package.manifest(type="module", exports={"import": "./index.js"}).put("index.js", "export const a = 1")
    assert loaded(package.build()) == ["import pear"]


@pytest.mark.parametrize(
    ("code", "match"),
    [
        pytest.param("throw new TypeError('no pears')", "TypeError: no pears", id="throws"),
        pytest.param("export const a = ", "SyntaxError", id="syntax"),
        pytest.param(
            "import 'not-there'\nexport {}", "Cannot find package 'not-there'", id="missing-dependency"
        ),
        pytest.param("process.exit(0)", "it ended the process", id="ends-the-process"),
    ],
)
def test_what_cannot_be_loaded_fails_the_build(package, code, match):
    """With its own words; an exit code of 0 is no proof."""
    package.manifest(type="module").put("index.js", code)
    with pytest.raises(BuildError, match="import of pear fails") as caught:
        package.build()
    assert match in caught.value.why
    assert caught.value.fix.endswith("npm install ./pear-1.0.0.tgz && node -e \"import('pear')\"")
    assert not (package.folder / "dist").exists()


def test_a_broken_require_beside_a_good_import_fails(package):
    """Half of its users would have it."""
    exports = {"import": "./a.mjs", "require": "./a.cjs"}
    package.manifest(exports=exports).put("a.mjs", "export {}").put("a.cjs", "throw new Error('half')")
    with pytest.raises(BuildError, match="require of pear fails") as caught:
        package.build()
    assert caught.value.why == "Error: half"


def test_what_is_for_browsers_is_no_fault(package):
    """It is said."""
    package.manifest(type="module").put("index.js", "export const w = window.innerWidth")
    assert any("browser" in line for line in package.build().warnings)


def test_a_module_that_goes_on_running_is_loaded(package):
    """A timer keeps Node alive; the import is over all the same."""
    package.manifest().put("index.js", "setInterval(() => {}, 1000); exports.a = 1")
    assert "import pear" in loaded(package.build())


def test_a_package_of_types_has_nothing_to_import(package):
    """That is no fault, and is said."""
    package.manifest(types="index.d.ts").put("index.d.ts", "export type A = 1")
    assert any("nothing to import" in line for line in package.build().warnings)


def test_what_it_needs_comes_from_the_registry(package, registry, tmp_path):
    """And what it does not name is not there, although it stood in the project's own modules."""
    (tmp_path / "npmrc").write_text(f"registry={registry.url}\n")
    registry.publish("try-dep", code="exports.five = 5")
    package.put("index.js", "exports.ten = require('try-dep').five * 2")
    package.put("node_modules/try-dep/index.js", "exports.five = 5")
    package.manifest(devDependencies={"try-dep": "1"})
    with pytest.raises(BuildError) as caught:
        package.build()
    assert "try-dep" in caught.value.why
    package.manifest(dependencies={"try-dep": "1"})
    assert loaded(package.build()) == ["import pear", "require pear"]


def test_the_fix_shows_the_failure_when_it_is_typed(package):
    """In the folder of the package, where a plain `node -e` would not find it."""
    package.manifest(type="module").put("index.js", "throw new TypeError('no pears')")
    with pytest.raises(BuildError) as caught:
        package.build()
    quiet = {"npm_config_offline": "true", "npm_config_audit": "false"}
    shown = subprocess.run(
        ["bash", "-c", caught.value.fix],
        cwd=package.folder,
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "TypeError: no pears" in shown.stderr
