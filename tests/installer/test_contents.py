"""What lists of files say of where modules come from: Debian's own, and plain ones."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.installer.index.contents import read

SITE = "usr/lib/python3/dist-packages"
CONTENTS = f"""\
usr/bin/frob utils/frob
{SITE}/yaml/__init__.py python/python3-yaml
{SITE}/yaml/loader.py python/python3-yaml
{SITE}/PyYAML-6.0.egg-info/PKG-INFO python/python3-yaml
{SITE}/_cffi_backend.cpython-311-x86_64-linux-gnu.so python/python3-cffi-backend
{SITE}/cffi-1.15.dist-info/METADATA python/python3-cffi-backend
{SITE}/google/protobuf/__init__.py python/python3-protobuf
{SITE}/protobuf-3.dist-info/METADATA python/python3-protobuf
{SITE}/google/auth/__init__.py python/python3-google-auth
{SITE}/google_auth-2.dist-info/METADATA python/python3-google-auth
{SITE}/zope/__init__.py python/python3-zope.interface
{SITE}/zope/interface/__init__.py python/python3-zope.interface
{SITE}/zope.interface-5.egg-info/PKG-INFO python/python3-zope.interface
{SITE}/zope/event/__init__.py python/python3-zope.event
{SITE}/zope.event-4.egg-info/PKG-INFO python/python3-zope.event
{SITE}/twisted/__init__.py python/python3-twisted
{SITE}/twisted/plugins/__init__.py python/python3-twisted
{SITE}/twisted-22.dist-info/METADATA python/python3-twisted
{SITE}/twisted/plugins/frob_plugin.py python/python3-frob
{SITE}/frob/__init__.py python/python3-frob
{SITE}/tests/__init__.py python/python3-frob
{SITE}/with space/__init__.py python/python3-frob
{SITE}/frob_tools-1.egg-info python/python3-frob
{SITE}/azure/core/__init__.py python/python3-azure
{SITE}/azure/identity/__init__.py python/python3-azure
{SITE}/azure_core-1.dist-info/METADATA python/python3-azure
{SITE}/azure_identity-1.dist-info/METADATA python/python3-azure
{SITE}/noinfo/__init__.py python/python3-noinfo
{SITE}/apt/__init__.py python/python3-apt
{SITE}/python_apt-2.egg-info python/python3-apt
{SITE}/both/__init__.py python/python3-both,contrib/python/python3-both-too
{SITE}/both-1.dist-info/METADATA python/python3-both
{SITE}/both_too-1.dist-info/METADATA python/python3-both-too
"""
PACKAGES = """\
Package: python3-yaml
Source: pyyaml (6.0-3)
Version: 6.0-3
Depends: python3, libyaml-0-2

Package: python3-apt
Version: 2.6.0
Depends: python3-yaml (>= 5) | python3-ruamel:any

Package: yaml-tool
Source: pyyaml
Version: 6.0-3
Depends: python3-yaml

Package: frob
Version: 1-1
Depends: python3-yaml, python3-frob
"""


@pytest.fixture
def lists(tmp_path):
    """Read both files."""
    (tmp_path / "Contents-all").write_text(CONTENTS)
    (tmp_path / "Packages").write_text(PACKAGES)
    return read([tmp_path / "Contents-all", tmp_path / "Packages"])


@pytest.mark.parametrize(
    ("module", "distributions"),
    [
        pytest.param("yaml", {"pyyaml"}, id="another-name"),
        pytest.param("_cffi_backend", {"cffi"}, id="an-extension-module"),
        pytest.param("google.protobuf", {"protobuf"}, id="a-namespace"),
        pytest.param("google.auth", {"google-auth"}, id="its-other-part"),
        pytest.param("google", set(), id="the-namespace-itself-is-nobody-s"),
        pytest.param("zope.interface", {"zope-interface"}, id="who-brings-the-init-holds-its-own-part"),
        pytest.param("zope.event", {"zope-event"}, id="and-another-one-its-own"),
        pytest.param("zope", set(), id="and-nobody-all-of-it"),
        pytest.param("twisted", {"twisted"}, id="a-folder-for-plug-ins-is-no-namespace"),
        pytest.param("twisted.plugins.frob_plugin", set(), id="and-a-plug-in-no-module"),
        pytest.param("frob", {"frob-tools"}, id="an-info-that-is-a-file"),
        pytest.param("tests", set(), id="junk"),
        pytest.param("azure.core", {"azure-core"}, id="one-package-of-several"),
        pytest.param("azure.identity", {"azure-identity"}, id="each-by-its-name"),
        pytest.param("noinfo", set(), id="without-an-info"),
        pytest.param("both", {"both", "both-too"}, id="two-packages-hold-it"),
    ],
)
def test_who_holds_a_module(lists, module, distributions):
    """The info folder beside a module names its distribution, and a namespace is keyed by its parts."""
    assert lists.holders.get(module, set()) == distributions


def test_use_is_counted_by_foreign_projects(lists):
    """A project that depends on its own library does not commend it."""
    assert lists.uses == {"pyyaml": 2, "frob-tools": 1}


def test_what_is_made_for_one_system_is_set_apart(lists):
    """A package without a Debian revision is Debian's own: an index may have a stranger of its name."""
    assert lists.apart == {"python-apt"}


@pytest.mark.parametrize(
    ("ending", "opener"), [("", open), (".gz", gzip.open), (".xz", lzma.open), (".bz2", bz2.open)]
)
def test_a_plain_list_is_read_however_it_is_compressed(tmp_path, ending, opener):
    """An organisation writes `module<TAB>distribution`; comments and blank lines do not count."""
    path = tmp_path / f"list.tsv{ending}"
    with opener(path, "wb") as stream:
        stream.write(b"# ours\n\nacme.core\tacme-core\nacme_tools\tacme.tools\n")
    assert read([path]).holders == {"acme.core": {"acme-core"}, "acme_tools": {"acme.tools"}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("what is this?\n", "cannot tell what"),
        ("acme\tacme\nacme core\tacme extra\n", "cannot read line 2"),
        (b"\xff\xfe\n", "cannot read"),
    ],
)
def test_a_list_that_is_none_is_told(tmp_path, text, words):
    """Nothing is guessed out of a file that is no list; the line is named."""
    path = tmp_path / "list.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=words):
        read([path])


def test_a_truncated_file_is_told(tmp_path):
    """Half of a compressed list is not half an index."""
    path = tmp_path / "Contents.gz"
    path.write_bytes(gzip.compress(CONTENTS.encode())[:-20])
    with pytest.raises(UsageError, match="cannot read"):
        read([path])
    with pytest.raises(UsageError, match="cannot read"):
        read([tmp_path / "absent"])
