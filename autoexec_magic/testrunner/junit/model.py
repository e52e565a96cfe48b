"""The same cases as `junitparser`'s objects, for whoever works with that library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import MissingTool
from ..cases import Case
from .escapes import PROPERTY, shown, unescape
from .parts import Suite
from .writing import text_of

if TYPE_CHECKING:
    from junitparser import JUnitXml


def to_junitparser(cases: Sequence[Case], suites: Sequence[Suite] = ()) -> JUnitXml:
    """Return `cases` as a `junitparser.xunit2.JUnitXml`: its model that knows attempts that were run again.

    It is what that library reads of the file that we write, but that characters
    which XML cannot hold stand there as pytest writes them (`#x1B`).

    Raises
    ------
    MissingTool
        The library is not installed.
    """
    try:
        from junitparser import junitparser as classes
        from junitparser import xunit2
    except ImportError as error:
        raise MissingTool("junitparser is not installed", fix="%autoexec install junitparser") from error
    etree: Any = vars(classes)["etree"]  # lxml's where that is installed, as the library itself chooses
    root = etree.fromstring(text_of(cases, suites).encode("utf-8"), **_whole(etree))
    for properties in root.iter("properties"):
        for item in list(properties):
            if (item.get("name"), item.get("value")) == PROPERTY:  # nothing is written that way any more
                properties.remove(item)
    for element in root.iter():
        if element.text:
            element.text = shown(unescape(element.text))
        for name, value in element.items():
            element.set(name, shown(unescape(value)))
    return xunit2.JUnitXml.fromroot(root)


def _whole(etree: Any) -> dict[str, Any]:
    """Return what makes lxml take a text of any length; the standard library's does so by itself."""
    return {"parser": etree.XMLParser(huge_tree=True)} if hasattr(etree, "LXML_VERSION") else {}
