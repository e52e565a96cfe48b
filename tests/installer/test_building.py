"""Building an index: what goes in comes out, with its date, its sources and its coverage."""

from __future__ import annotations

from datetime import UTC, datetime

from autoexec_magic.installer.index import building
from autoexec_magic.installer.index.table import Row, Table

SITE = "usr/lib/python3/dist-packages"


def test_an_index_is_built_from_lists(tmp_path, capsys):
    """Two kinds of list make one index, which says what it was made from."""
    (tmp_path / "list.tsv").write_text("acme\tacme-core\n")
    (tmp_path / "Contents-all").write_text(f"{SITE}/apt/__init__.py x/y\n{SITE}/python_apt-2.egg-info x/y\n")
    (tmp_path / "Packages").write_text("Package: y\nVersion: 2\n")
    to = tmp_path / "new" / "own.tsv"
    files = [str(tmp_path / name) for name in ("list.tsv", "Contents-all", "Packages")]
    assert building.main(["--to", str(to), "--from", *files]) == 0
    table = Table(to)
    assert set(table.all_rows()) == {Row("acme", "acme-core"), Row("apt", "python-apt", 0, True)}
    heads = table.heads()
    assert (heads["modules"], heads["distributions"]) == ("2", "2")
    assert heads["sources"] == "list.tsv, Contents-all, Packages"
    assert heads["date"] == datetime.now(UTC).date().isoformat()
    assert "modules 2" in capsys.readouterr().out
