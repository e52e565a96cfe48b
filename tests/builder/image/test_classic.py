"""A build by a real engine: told by step, cached, and gone without a trace when it ends early."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import benches
import pytest
from engines import PYTHON, own_engine, tiny_tar
from skips import requires

from autoexec_magic.builder import Wish, image, source_of
from autoexec_magic.builder.bench import TEMP_PREFIX
from autoexec_magic.builder.image import classic
from autoexec_magic.builder.image.context import Context
from autoexec_magic.builder.image.steps import Steps
from autoexec_magic.errors import BuildError, Cancelled, RunTimeout
from autoexec_magic.events import Output, Stepped
from autoexec_magic.executor import Cancel


def made(folder, tmp_path, *, events=None, wish=None, **bench_words):
    """Plan and build, and return the plan and the artifact."""
    bench = replace(benches.bench(tmp_path, events=events), **bench_words)
    plan = image.plan(source_of(folder, tmp_path, wish or Wish()), bench)
    return plan, image.build(plan, bench)[0]


def dockerfile(tmp_path, *lines, base=PYTHON):
    """Return a folder with a Dockerfile of these lines on top of a base."""
    folder = tmp_path / "own"
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text("\n".join([f"FROM {base}", *lines, ""]))
    return folder


def steps(events):
    """Return the steps without the trial's, by label and whether they were cached."""
    return [
        (each.label, each.is_cached) for each in events if isinstance(each, Stepped) and "/" in each.label
    ]


def temporary():
    """Return the folders of builds that are there."""
    return set(glob.glob(f"{tempfile.gettempdir()}/{TEMP_PREFIX}*"))


def test_the_same_inputs_are_the_same_image_and_hit_the_cache(engine, web, tmp_path):
    """A second build has the same digest of its inputs, and no step of it is done again."""
    events = []
    first, one = made(web, tmp_path, events=events)
    assert [is_cached for _, is_cached in steps(events)][1:] == [False] * (len(steps(events)) - 1)
    (web / "main.py").touch()
    (web / ".git").mkdir()
    (web / "__pycache__").mkdir()
    (web / "__pycache__" / "x.pyc").write_text("no input")
    events.clear()
    second, two = made(web, tmp_path, events=events)
    assert second.inputs_digest == first.inputs_digest
    assert two == one
    assert [is_cached for _, is_cached in steps(events)][1:] == [True] * (len(steps(events)) - 1)


def test_a_changed_line_of_code_is_two_layers(engine, web, tmp_path):
    """What was installed and said before the code is not done again."""
    _, one = made(web, tmp_path)
    with (web / "main.py").open("a") as stream:
        stream.write("# one line more\n")
    events = []
    _, two = made(web, tmp_path, events=events)
    again = [label for label, is_cached in steps(events) if not is_cached and " FROM " not in label]
    assert [re.sub(r"\A\S+ (\w+) .*", r"\1", label) for label in again] == ["COPY", "LABEL"]
    assert two.inputs_digest != one.inputs_digest
    assert two.digest != one.digest


def test_the_image_runs_as_nobody_and_has_no_tool_of_the_build(engine, web, tmp_path):
    """Its user is a number that is not root's, and the engine has its labels."""
    plan, artifact = made(web, tmp_path)
    with contextlib.closing(engine.client()) as client:
        found = client.inspect_image(artifact.digest)["Config"]
    assert found["User"] == "10001:10001"
    assert found["Labels"] == dict(plan.labels)
    assert found["Healthcheck"]["Test"][0] == "CMD"
    assert str(tmp_path) not in repr(found)


def test_a_failed_step_says_its_last_words_and_keeps_what_came_before(engine, tmp_path):
    """The next try begins there; what was kept has one name, which a good build takes away."""
    folder = dockerfile(tmp_path, "RUN echo slow > /slow", "RUN echo 'E: no such thing' >&2; exit 7")
    before = engine.seen()
    with pytest.raises(BuildError) as failed:
        made(folder, tmp_path)
    assert "step 3/" in failed.value.what
    assert "exit code 7" in failed.value.what
    assert failed.value.why == "E: no such thing"
    assert engine.seen()[0] == before[0]
    dockerfile(tmp_path, "RUN echo slow > /slow", "RUN echo well")
    events = []
    made(folder, tmp_path, events=events)
    assert ("2/10 RUN echo slow > /slow", True) in [(re.sub(r"/\d+", "/10", a), b) for a, b in steps(events)]
    assert "well\n" in "".join(each.text for each in events if isinstance(each, Output))
    with contextlib.closing(engine.client()) as client:
        names = [name for each in client.images() for name in each["RepoTags"] or []]
    assert not [name for name in names if "unfinished" in name]


def test_a_failed_step_is_explained_by_its_log(engine, tmp_path):
    """A compiler's error stands above what make says last."""
    said = "x.c:3:5: error: 'foo' undeclared (first use in this function)"
    step = f'RUN echo "{said}"; echo "make: *** [Makefile:2: x] Error 1"; exit 2'
    with pytest.raises(BuildError) as failed:
        made(dockerfile(tmp_path, step), tmp_path)
    assert failed.value.why == "x.c:3: 'foo' undeclared (first use in this function)"
    assert "declare it first" in failed.value.fix
    assert "make: *** [Makefile:2: x] Error 1" in failed.value.evidence


@pytest.fixture
def hanging(tmp_path):
    """Return a folder whose image is never ready, and a number that its sleep has."""
    number = str(3_000_000 + os.getpid())
    return dockerfile(tmp_path, "RUN echo one > /one", f"RUN echo begun; sleep {number}"), number


def running(number):
    """Return the processes that sleep for so long."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if each.read_bytes().rstrip(b"\0").split(b"\0") == [b"sleep", number.encode()]:
                found.append(each.parent.name)
    return found


def gone(number, seconds=10.0):
    """Wait until no such process is there, and return whether there is none."""
    until = time.monotonic() + seconds
    while running(number) and time.monotonic() < until:
        time.sleep(0.05)
    return not running(number)


def when(events, text, act):
    """Return a sink that keeps events and acts once, as soon as a text is written."""
    done = threading.Event()

    def emit(event):
        events.append(event)
        if isinstance(event, Output) and text in event.text and not done.is_set():
            done.set()
            act()

    return emit


def test_a_hanging_step_ends_with_the_limit_and_its_container_too(engine, tmp_path, hanging):
    """Neither the process nor the container nor a layer is left."""
    folder, number = hanging
    before = engine.seen(), temporary()
    with pytest.raises(RunTimeout) as late:
        made(folder, tmp_path, timeout=1.5)
    assert "--timeout" in late.value.fix
    assert gone(number)
    assert (engine.seen(), temporary()) == before
    assert list((tmp_path / "data").rglob("unfinished-images/*.txt")) == []


@pytest.mark.parametrize("how", ["interrupt", "cancel", "from outside"])
def test_an_interrupted_build_leaves_nothing(engine, tmp_path, hanging, how):
    """Ctrl-C, the run's cancel, or a request from outside."""
    folder, number = hanging
    before = engine.seen(), temporary()
    cancel, asked = Cancel(), threading.Event()
    act = {
        "interrupt": lambda: signal.raise_signal(signal.SIGINT),
        "cancel": cancel.set,
        "from outside": asked.set,
    }[how]
    with pytest.raises(KeyboardInterrupt if how == "interrupt" else Cancelled):
        made(folder, tmp_path, emit=when([], "begun", act), cancel=cancel, is_cancelled=asked.is_set)
    assert gone(number)
    assert (engine.seen(), temporary()) == before


def test_what_an_engine_left_that_died_is_taken_away_by_the_next_build(tmp_path, hanging, monkeypatch):
    """It is killed in the middle: that is said, and when it is back the next build cleans up."""
    folder, _ = hanging
    with own_engine() as mine:
        mine.load()
        monkeypatch.setenv("DOCKER_HOST", mine.url)
        monkeypatch.setenv("DOCKER_CONFIG", str(mine.folder / "config"))
        before = mine.seen()
        with pytest.raises(BuildError) as died:
            made(folder, tmp_path, emit=when([], "begun", mine.kill))
        assert "the engine went away" in died.value.what
        assert "start" in died.value.fix
        assert temporary() == set() or all("/own" not in each for each in temporary())
        mine.start()
        assert mine.seen() != before
        dockerfile(tmp_path, "RUN echo other > /other")
        _, artifact = made(folder, tmp_path)
        containers, images = mine.seen()
        assert containers == before[0]
        assert images - before[1] == {artifact.digest}


def test_a_full_disk_is_said_and_nothing_is_left(tmp_path, monkeypatch):
    """The engine's own disk, a small one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk], check=False, capture_output=True
    )
    requires(mounted.returncode == 0, "no right to mount", "run the tests as root")
    try:
        with own_engine(data=disk) as mine:
            mine.load("tiny:1")
            assert tiny_tar().stat().st_size < 16 << 20
            monkeypatch.setenv("DOCKER_HOST", mine.url)
            monkeypatch.setenv("DOCKER_CONFIG", str(mine.folder / "config"))
            before = mine.seen()
            folder = dockerfile(tmp_path, "RUN dd if=/dev/zero of=/big bs=1M count=100", base="tiny:1")
            with pytest.raises(BuildError) as full:
                made(folder, tmp_path)
            assert "disk is full" in full.value.what
            assert "docker system" in full.value.fix
            assert mine.seen() == before
            (folder / "Dockerfile").write_text("FROM tiny:1\nCOPY . /x\n")
            with (folder / "large").open("wb") as stream:
                for _ in range(60):
                    stream.write(os.urandom(1 << 20))
            with pytest.raises(BuildError) as full:
                made(folder, tmp_path)
            assert "disk is full" in full.value.what
            assert mine.seen() == before
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def test_a_file_that_changes_while_it_is_sent_ends_the_build(engine, web, tmp_path):
    """Else the image would not be what its labels say."""
    bench = benches.bench(tmp_path)
    plan = image.plan(source_of(web, tmp_path), bench)
    (web / "main.py").write_text("print('another program')\n")
    before = engine.seen()
    with pytest.raises(BuildError, match=r"main\.py changed while it was built"):
        image.build(plan, bench)
    assert engine.seen() == before


def test_a_base_that_nobody_has_is_said(engine, tmp_path):
    """Its registry is on this machine, and answers nothing."""
    folder = dockerfile(tmp_path, base="127.0.0.1:9/none:1")
    with pytest.raises(BuildError) as failed:
        made(folder, tmp_path)
    assert "the registry cannot be reached" in failed.value.what


def test_a_base_that_its_registry_has_not_is_the_one_to_pull(engine, registry, tmp_path):
    """Not the image that is to be built."""
    with pytest.raises(BuildError, match="there is no such image") as failed:
        made(dockerfile(tmp_path, base=f"{registry}/none:9.99"), tmp_path)
    assert failed.value.fix.endswith(f"docker pull {registry}/none:9.99")


@pytest.mark.parametrize(
    ("label", "said", "fix"),
    [
        ("1/2 FROM r.example/a:1", "denied: no", "docker login r.example"),
        ("1/2 FROM python:9.99", "pull access denied", "check the name, or docker login docker.io"),
        ("1/2 from --platform=linux/arm64 a:1 AS x", "manifest unknown: manifest unknown", "docker pull a:1"),
        ("3/4 COPY --chown=1 --from=r.example/b:2 /a /b", "unauthorized", "docker login r.example"),
        ("1/2 FROM $BASE", "manifest for c:3 not found: manifest unknown", "docker pull c:3"),
        ("1/2 FROM $BASE", "unauthorized", "docker login REGISTRY"),
    ],
)
def test_a_fix_names_the_base_of_its_step(label, said, fix):
    """And its registry."""
    order = classic.Order(
        name="web", tag="web:1.0", context=Context(files=()), inputs=(), dockerfile="Dockerfile", labels={}
    )
    failed = classic._failure(order, Steps(label=label, error=said), "it was not built")
    assert failed.fix.endswith(fix)


def test_a_copy_of_what_is_not_there_is_said(engine, tmp_path):
    """With what to look at."""
    with pytest.raises(BuildError) as failed:
        made(dockerfile(tmp_path, "COPY nothing /x"), tmp_path)
    assert "a COPY has nothing to copy" in failed.value.what
    assert ".dockerignore" in failed.value.fix


def test_two_builds_at_once_do_not_harm_each_other(engine, web, tmp_path):
    """Each has its own image, and nothing else is left."""
    other = tmp_path / "other"
    shutil.copytree(web, other)
    (other / "main.py").write_text("print('other')\n")
    found = {}

    def one(folder, tag):
        found[tag] = made(folder, tmp_path, wish=Wish(tag=tag))[1]

    threads = [threading.Thread(target=one, args=each) for each in ((web, "one:1"), (other, "two:1"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found["one:1"].inputs_digest != found["two:1"].inputs_digest
    assert found["one:1"].digest != found["two:1"].digest
