"""How long from a line being written to its being in the panel? Asked for: less than 60 ms p50.

A cell of a real notebook in a real JupyterLab starts a child that writes a line
about every 30 ms, with the time in it. It is seen by a client of the tail's
WebSocket, and by the page: in the rows that the terminal has drawn into the
document, by an observer of them (the screen shows it with the next frame). The
clocks are one: the machine's wall clock. Then a child writes 5,000 lines/s, and
100,000 lines that are on record already are shown.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import measure
from measure import own_folder, table

sys.path.insert(0, str(Path(__file__).parents[1]))
from lab import CHROMIUM, LOAD, TOKEN, Lab, Page, chromium, notebook

BAR = 60e-3
RATE = 5000
REPLAYED = 100_000

TICKER = """\
import os, pathlib, random, sys, time
os.write(1, b"begun\\n")
while not pathlib.Path("go").exists():
    time.sleep(0.01)
for _ in range(int(sys.argv[1])):
    time.sleep(random.uniform(0.02, 0.04))
    os.write(1, b"T%d\\n" % (time.time_ns() // 1000))
time.sleep(0.5)
"""
FAST = """\
import sys, time
rate, count = int(sys.argv[1]), int(sys.argv[2])
start = time.monotonic()
for number in range(count):
    print("line", number, flush=True)
    ahead = start + number / rate - time.monotonic()
    if ahead > 0:
        time.sleep(ahead)
print("T%d" % (time.time_ns() // 1000), flush=True)
"""
MANY = f"for number in range({REPLAYED}): print('line', number)"
OBSERVE = """() => {
    const rows = document.querySelector('.jp-Autoexec .xterm-rows');
    window.seen = {};
    const look = () => {
        const now = performance.timeOrigin + performance.now();
        for (const row of rows.children) {
            const found = /^T(\\d+)/.exec(row.textContent);
            if (found && !(found[1] in window.seen)) { window.seen[found[1]] = now; }
        }
    };
    new MutationObserver(look).observe(rows, { childList: true, subtree: true, characterData: true });
}"""


@contextlib.contextmanager
def opened(**programs: str) -> Iterator[tuple[Lab, Page]]:
    """Yield a lab and a page with a notebook whose extension is loaded; a cell a program follows."""
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        raise RuntimeError("Chromium is not installed: apt-get install chromium")
    with (
        own_folder() as folder,
        Lab(folder) as lab,
        sync_playwright() as playwright,
        chromium(playwright) as browser,
    ):
        for name, source in programs.items():
            (lab.notebooks / f"{name.partition(' ')[0]}.py").write_text(source)
        cells = [
            f"%autoexec sh python {name.replace(' ', '.py ', 1) if ' ' in name else name + '.py'}"
            for name in programs
        ]
        notebook(lab.notebooks / "bench.ipynb", LOAD, *cells)
        page = Page(browser.new_page(viewport={"width": 1300, "height": 850}), lab).open("bench.ipynb")
        page.run(0)
        yield lab, page


def latency(options: argparse.Namespace) -> None:
    """A line that comes alone."""
    lines = 60 if options.quick else 300
    samples: dict[str, list[float]] = {"→ a client of the tail": [], "→ the panel's rows": []}
    with opened(**{f"ticker {lines}": TICKER}) as (lab, page):
        page.start(1)
        page.until(lambda: "begun" in page.screen(), "the first line")
        page.page.evaluate(OBSERVE)
        client = threading.Thread(target=listen, args=(lab, samples["→ a client of the tail"]))
        client.start()
        (lab.notebooks / "go").touch()
        page.until(lambda: page.head().startswith("✓"), "the end", within=120)
        client.join(30)
        seen: dict[str, float] = page.page.evaluate("window.seen")
        samples["→ the panel's rows"] = [at / 1e3 - int(written) / 1e6 for written, at in seen.items()]
    table(f"a line, written by the child, {lines} of them", samples, bars={"→ the panel's rows": BAR})


def listen(lab: Lab, seconds: list[float]) -> None:
    """Be a client of the newest run's tail; note what each stamped line took."""
    import json
    import urllib.request

    import websocket

    with urllib.request.urlopen(lab.url("autoexec/runs?limit=1")) as reply:
        run = json.load(reply)["runs"][0]["run_id"]
    url = lab.url(f"autoexec/runs/{run}/tail?after=-1").replace("http", "ws", 1)
    socket: Any = websocket.create_connection(url, timeout=60, header=[f"Authorization: token {TOKEN}"])
    while text := socket.recv():
        now = time.time()
        for record in map(json.loads, text.splitlines()):
            words = record.get("event", {}).get("text", "")
            seconds += [now - int(line[1:]) / 1e6 for line in words.split("\n") if line.startswith("T")]
    socket.shutdown()


def rate(options: argparse.Namespace) -> None:
    """5,000 lines a second."""
    count = RATE * (3 if options.quick else 10)
    with opened(**{f"fast {RATE} {count}": FAST}) as (_, page):
        page.start(1)
        page.until(lambda: page.lines() > 0, "the first line")
        page.until(lambda: page.page.locator(".jp-Autoexec .xterm-rows").count(), "the terminal")
        page.page.evaluate(OBSERVE)
        page.until(lambda: page.page.evaluate("Object.keys(window.seen).length"), "the last line", within=120)
        seen: dict[str, float] = page.page.evaluate("window.seen")
        behind = [at / 1e3 - int(written) / 1e6 for written, at in seen.items()]
        log = page.log()
    lost = count - sum(line == f"line {number}" for number, line in enumerate(log[:count]))
    table(
        f"{count:,} lines at {RATE:,} lines/s: {lost} lost or out of order",
        {"the last one → the rows": behind},
    )


def replay(options: argparse.Namespace) -> None:
    """What is on record already, from the click to the last line."""
    samples: dict[str, list[float]] = {f"{REPLAYED:,} lines": []}
    with opened(many=MANY, quick="print('quick')") as (_, page):
        page.run(1)
        page.run(2)
        page.until(lambda: "quick" in page.screen(), "the second run")
        rows = page.page.locator("button.jp-Autoexec-run")
        for _ in range(2 if options.quick else 5):
            started = time.monotonic()
            rows.nth(1).click()
            page.until(lambda: f"line {REPLAYED - 1}" in page.screen(), "the last line", within=60)
            samples[f"{REPLAYED:,} lines"].append(time.monotonic() - started)
            rows.nth(0).click()
            page.until(lambda: "quick" in page.screen(), "the other run")
    table("from a click to the last line on the screen", samples, unit="s")


if __name__ == "__main__":
    measure.main(str(__doc__), [latency, rate, replay])
