"""At which port a Node program listens, by its code."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.image import listening

SERVES = "require('http').createServer((q, r) => r.end('ok'))"


def port(folder, *command):
    """Return where a program listens that takes 3000 for PORT."""
    return listening.port_of(folder, command or ("node", "server.js"), {}, 3000)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (f"{SERVES}.listen(process.env.PORT||3001,'0.0.0.0')", 3001),
        (f"{SERVES}.listen(process.env.PORT)", 3000),
        (f"{SERVES}.listen(8080)", 8080),
        ("const port = Number(process.env.PORT) || 4000;\napp.listen(port, () => {})", 4000),
        ("const port = parseInt(process.env.PORT ?? '4001', 10)\napp.listen(port)", 4001),
        ("const port = parseInt(process.env.PORT, 10)\napp.listen(port)", 3000),
        ("const raw = process.env['PORT'], x = 1\nconst port = raw || 4002\napp.listen(port)", 4002),
        ("const { PORT = 4003 } = process.env\napp.listen(PORT)", 4003),
        ("fastify.listen({ host: '0.0.0.0', port: 4004 })", 4004),
        ("const port = 4005\nfastify.listen({ port, host })", 4005),
        ("// app.listen(1)\n/* app.listen(2) */\nfetch('http://x.example/'); app.listen(4006)", 4006),
        ("app.listen(config.port)", 0),
        ("app.listen(99999)", 0),
        ("const a = b; const b = a; app.listen(a)", 0),
        ("app.listen(", 0),
        ("console.log(8080)", 0),
    ],
)
def test_a_port_is_read_in_the_code(tmp_path, code, found):
    """A number, or what it is where nobody sets PORT."""
    (tmp_path / "server.js").write_text(code)
    assert port(tmp_path) == found


def test_it_is_looked_for_along_what_the_program_imports(tmp_path):
    """Of the project's own files, and of no others."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "index.ts").write_text("import { start } from './web.js'; start()")
    (tmp_path / "src" / "web.ts").write_text(
        "import '../src/index.js'\nexport const start = () => app.listen(5000)"
    )
    assert port(tmp_path, "node", "--enable-source-maps", "dist/index.js") == 5000
    outside = tmp_path.parent / f"{tmp_path.name}-outside.js"
    outside.write_text("app.listen(5001)")
    (tmp_path / "server.js").write_text(f"require('../{outside.name}')")
    assert port(tmp_path) == 0
    (tmp_path / "link.js").symlink_to(outside)
    (tmp_path / "server.js").write_text("require('./link')")
    assert port(tmp_path) == 0


def test_the_file_that_is_started_is_found(tmp_path):
    """Also behind npm, and as `main`."""
    (tmp_path / "x.js").write_text("app.listen(6000)")
    started = {"scripts": {"start": "NODE_ENV=x node --trace-warnings x.js | cat"}}
    assert listening.port_of(tmp_path, ("npm", "run", "--silent", "start"), started, 3000) == 6000
    assert listening.port_of(tmp_path, ("npm", "x"), {"main": "x"}, 3000) == 6000
