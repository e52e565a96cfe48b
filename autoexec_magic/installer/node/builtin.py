"""The modules that come with Node itself, kept as data: nobody's program is asked.

The list is `node -p module.builtinModules` of the version below, and the
modules which can only be had with the prefix `node:` (Node's documentation of
`module.builtinModules` says that they are not in it).
"""

from __future__ import annotations

NODE_VERSION = "20.20.2"
BUILTIN = frozenset(
    (
        *("_http_agent", "_http_client", "_http_common", "_http_incoming", "_http_outgoing"),
        *("_http_server", "_stream_duplex", "_stream_passthrough", "_stream_readable"),
        *("_stream_transform", "_stream_wrap", "_stream_writable", "_tls_common", "_tls_wrap"),
        *("assert", "assert/strict", "async_hooks", "buffer", "child_process", "cluster", "console"),
        *("constants", "crypto", "dgram", "diagnostics_channel", "dns", "dns/promises", "domain"),
        *("events", "fs", "fs/promises", "http", "http2", "https", "inspector", "inspector/promises"),
        *("module", "net", "os", "path", "path/posix", "path/win32", "perf_hooks", "process", "punycode"),
        *("querystring", "readline", "readline/promises", "repl", "stream", "stream/consumers"),
        *("stream/promises", "stream/web", "string_decoder", "sys", "timers", "timers/promises"),
        *("tls", "trace_events", "tty", "url", "util", "util/types", "v8", "vm", "wasi", "worker_threads"),
        "zlib",
    )
)
# With `node:` only; without it, each is a name on the registry. `sqlite` came with 22.5, `sea` with 20.12.
PREFIXED = frozenset({"sea", "sqlite", "test", "test/reporters"})
REMOVED = {
    "freelist": "a list of your own",
    "smalloc": "buffer",
    "_linklist": "a list of your own",
    "v8/tools/splaytree": "a map of your own",
}


def is_builtin(specifier: str) -> bool:
    """Whether Node serves `specifier` itself.

    Examples
    --------
    >>> [is_builtin(each) for each in ("fs", "node:fs", "node:test", "test", "node:left-pad")]
    [True, True, True, False, False]
    """
    if specifier.startswith("node:"):
        name = specifier.removeprefix("node:")
        return name in BUILTIN or name in PREFIXED
    return specifier in BUILTIN
