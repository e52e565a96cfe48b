"""The kinds that a rule file can give to a word, by name.

A kind is a function of one word. It notes what the word reaches (`Found`) and
doubts what it cannot vouch for; it never looks at the disk. The kinds of `LAST`
take all the words that are left, as a wrapped command does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import inner, packages, places, snippets, switches, variables
from .found import Found

KINDS: dict[str, Callable[[str, Found], None]] = {
    "text": switches.text,
    "read": places.read,
    "write": places.write,
    "change": places.change,
    "archive": places.archive,
    "joined": places.joined,
    "url": places.url,
    "source": places.source,
    "origin": places.origin,
    "channel": packages.channel,
    "listing": packages.listing,
    "module-spec": packages.module_spec,
    "format": switches.built_in,
    "flag": switches.flag,
    "property": switches.java_property,
    "ldflags": switches.ldflags,
    "go-package": packages.go_package,
    "cmake-set": switches.cmake_set,
    "goal": switches.goal,
    "cookie": places.cookie,
    "header": places.header,
    "format-out": places.format_out,
    "http-item": places.http_item,
    "lookup": places.lookup,
    "resource": switches.resource,
    "film": places.film,
    "filter": switches.filters,
    "define": switches.define,
    "engine": switches.engine,
    "tex": places.tex,
    "place": places.place,
    "target": places.target,
    "cloud": places.cloud,
    "down": places.down,
    "media": places.media,
    "output": places.output,
    "package": packages.package,
    "script": inner.script,
    "code": inner.code,
    "line": inner.line,
    "assign": variables.assign,
    "awk": snippets.awk,
    "sed": snippets.sed,
    "sql": snippets.sql,
    "duck": snippets.duck,
    "jq": snippets.jq,
    "clock": switches.clock,
    "suffix": switches.suffix,
    "view": switches.view,
    "git-key": switches.git_key,
    "mount": switches.mount,
    "modal": switches.modal,
    "mode": switches.mode,
    "pid": switches.pid,
    "pair": switches.pair,
    "data": places.data,
    "operand": places.operand,
    "setting": variables.setting,
    "lines": places.lines,
    "plain": switches.plain,
}
LAST: dict[str, Callable[[Sequence[str], Found], None]] = {
    "command": inner.command,
    "fed": inner.fed,
    "assigned": inner.assigned,
    "shelled": inner.shelled,
    "fed-shelled": inner.fed_shelled,
    "project": inner.project,
    "rest": inner.rest,
    "launch": inner.launch,
    "module": inner.module,
}
