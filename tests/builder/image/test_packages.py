"""Which packages an image gets: by the lock, with hashes, from the index that the person has."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import http.server
import json
import os
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import benches
import pytest

from autoexec_magic.builder import Wish, image, source_of
from autoexec_magic.builder.image import packages
from autoexec_magic.builder.image.project import Project
from autoexec_magic.errors import BuildError, MissingTool

LOCK = f"""version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "answers"
version = "1.0"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ url = "https://index.example/answers-1.0-py3-none-any.whl", hash = "sha256:{"b" * 64}" }}]

[[package]]
name = "x"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "answers" }}]

[package.metadata]
requires-dist = [{{ name = "answers" }}]
"""


def wheel(folder, name, version="1.0"):
    """Write a wheel with one module and return its digest."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": b"ANSWER = 42\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b'=').decode()},{len(text)}"
        for path, text in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    place = folder / name / f"{name}-{version}-py3-none-any.whl"
    place.parent.mkdir(parents=True)
    with zipfile.ZipFile(place, "w") as opened:
        for path, text in files.items():
            opened.writestr(path, text)
    return hashlib.sha256(place.read_bytes()).hexdigest()


@contextlib.contextmanager
def index(folder):
    """Serve a folder of wheels as a simple index, on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_packages_are_installed_by_their_hashes_in_a_stage_of_their_own(engine, web, tmp_path):
    """From an index on this machine; the image has them, and has no file of pip's own."""
    digest = wheel(tmp_path / "index", "answers")
    (web / "requirements.txt").write_text(f"answers==1.0 --hash=sha256:{digest}\n")
    (web / "main.py").write_text("import answers, sys\nprint(answers.ANSWER, sys.prefix, flush=True)\n")
    toml = (web / "pyproject.toml").read_text().replace('port = 8000\nhealth = "/health"\n', "")
    (web / "pyproject.toml").write_text(toml)
    with index(tmp_path / "index") as url:
        bench = replace(benches.bench(tmp_path), sources={"UV_DEFAULT_INDEX": url})
        plan = image.plan(source_of(web, tmp_path, Wish(smoke=True)), bench)
        (artifact,) = image.build(plan, bench)
    assert (
        artifact.lock_digest
        == f"sha256:{hashlib.sha256((web / 'requirements.txt').read_bytes()).hexdigest()}"
    )
    bill = json.loads(Path(artifact.beside[0]).read_text())
    assert [(each["name"], each["version"]) for each in bill["components"]] == [("answers", "1.0")]
    with contextlib.closing(engine.client()) as client:
        history = repr(client.history(artifact.digest))
        assert url not in history
        job = client.create_container(artifact.digest)["Id"]
        client.start(job)
        client.wait(job)
        assert client.logs(job) == b"42 /venv\n"
        client.remove_container(job)


def test_a_wrong_hash_fails_with_what_pip_says(engine, web, tmp_path):
    """The file at the index is another one than the lock's."""
    wheel(tmp_path / "index", "answers")
    (web / "requirements.txt").write_text(f"answers==1.0 --hash=sha256:{'0' * 64}\n")
    with index(tmp_path / "index") as url:
        bench = replace(benches.bench(tmp_path), sources={"UV_DEFAULT_INDEX": url})
        plan = image.plan(source_of(web, tmp_path), bench)
        with pytest.raises(BuildError) as wrong:
            image.build(plan, bench)
    assert any("DO NOT MATCH THE HASHES" in each for each in wrong.value.evidence)


def test_a_lock_of_uv_is_read_without_the_network(tmp_path):
    """Its packages come with hashes; the list beside the image is uv's, without its time."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["answers"]\n'
    )
    (tmp_path / "uv.lock").write_text(LOCK)
    project = Project(kind="python", name="x", lock="uv.lock")
    bench = benches.bench(tmp_path / "bench")
    text = packages.requirements_of(project, tmp_path, bench)
    assert f"--hash=sha256:{'b' * 64}" in text.decode()
    assert str(tmp_path) not in text.decode()
    bill = packages.bill_of(project, text, tmp_path, bench)
    assert bill == packages.bill_of(project, text, tmp_path, bench)
    assert json.loads(bill)["specVersion"] == "1.5"


@pytest.mark.parametrize("level", ["workspace", "open"])
def test_the_settings_of_a_project_do_not_reach_uv(tmp_path, level):
    """Neither where it keeps its cache, nor a file that is a pipe; a long list is whole."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["answers"]\n'
        f'[tool.uv]\ncache-dir = "{tmp_path}/theirs"\nrequired-version = "==0.0.1"\n'
    )
    wheels = ",".join(
        f'{{ url = "https://index.example/answers-1.0-{at}-py3-none-any.whl", hash = "sha256:{at:064x}" }}'
        for at in range(4000)
    )
    (folder / "uv.lock").write_text(
        "\n".join(f"wheels = [{wheels}]" if each.startswith("wheels") else each for each in LOCK.splitlines())
    )
    os.mkfifo(folder / "uv.toml")
    os.mkfifo(folder / ".python-version")
    before = sorted(os.listdir(folder))
    project = Project(kind="python", name="x", lock="uv.lock")
    bench = benches.bench(tmp_path / "bench", level=level)
    text = packages.requirements_of(project, folder, bench).decode()
    assert text.startswith("answers==1.0")
    assert text.count("--hash=sha256:") == 4000
    assert json.loads(packages.bill_of(project, text.encode(), folder, bench))["components"]
    assert sorted(os.listdir(folder)) == before
    assert not (tmp_path / "theirs").exists()


def test_a_lock_without_uv_is_said(tmp_path):
    """It is what reads it."""
    (tmp_path / "uv.lock").write_text("")
    bench = replace(benches.bench(tmp_path), uv=None)
    with pytest.raises(MissingTool, match="uv is not installed"):
        packages.requirements_of(Project(kind="python", name="x", lock="uv.lock"), tmp_path, bench)


@pytest.mark.parametrize("line", ["-e ./lib", "./lib", "../lib", "file:///x", "lib @ file:///x"])
def test_a_folder_of_this_machine_is_no_package(tmp_path, line):
    """Nobody sends it."""
    (tmp_path / "requirements.txt").write_text(f"idna\n{line}\n")
    project = Project(kind="python", name="x", requirements="requirements.txt")
    with pytest.raises(BuildError, match="names a folder"):
        packages.requirements_of(project, tmp_path, benches.bench(tmp_path))


HASHED = b"idna==1 --hash=sha256:" + b"a" * 64


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hunter2@index.example/simple",
        "https://index.example/simple?token=hunter2",
        "https://index.example/hunter2hunter2hunter2/simple",
        "https://index.example/hunter2/simple",
        "https://index.example/simple;hunter2",
        "https://index.example/simple/%68unter2",
        "https://index.example/simple#hunter2",
        "https://hunter2@index.example/simple",
    ],
)
def test_an_index_with_a_password_is_not_told(url):
    """It would stay in the engine's history; without hashes the public one would be asked for its names."""
    found = packages.index_of({"UV_DEFAULT_INDEX": url}, HASHED)
    assert (found.arguments, found.network) == ({}, "")
    assert "hunter2" not in found.warning
    assert "index.example" in found.warning
    with pytest.raises(BuildError, match="public index instead") as caught:
        packages.index_of({"UV_DEFAULT_INDEX": url}, b"idna")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    ["", "simple/", "pypi/simple", "root/pypi/+simple/", "whl/cu121", "whl/nightly/cpu", "whl/rocm6.2"],
)
def test_an_index_with_a_usual_path_is_told(path):
    """Each part of it is a word that says nothing."""
    url = f"https://index.example/{path}"
    assert packages.index_of({"UV_DEFAULT_INDEX": url}, HASHED).arguments == {"PIP_INDEX_URL": url}


def test_a_base_of_the_project_s_choice_gets_no_network_of_this_machine():
    """What it runs when something is built on it is anybody's."""
    here = {"UV_DEFAULT_INDEX": "http://127.0.0.1:3141/simple"}
    assert packages.index_of(here, HASHED).network == "host"
    found = packages.index_of(here, HASHED, is_base_ours=False)
    assert (found.arguments, found.network) == ({}, "")
    assert "on this machine" in found.warning


@pytest.mark.parametrize(
    "line",
    [
        "--extra-index-url https://user:hunter2@h.example/simple\nidna",
        "idna @ https://hunter2@h.example/idna.whl",
        "-i http://user:hunter2@h.example",
    ],
)
def test_a_login_in_requirements_goes_into_no_image(tmp_path, line):
    """Not shown either; one in variables is none."""
    project = Project(kind="python", name="x", requirements="requirements.txt")
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    with pytest.raises(BuildError, match="login") as caught:
        packages.requirements_of(project, tmp_path, benches.bench(tmp_path))
    assert "hunter2" not in str(caught.value)
    (tmp_path / "requirements.txt").write_text("-i https://${NAME}:${TOKEN}@h.example/\nidna\n")
    assert packages.requirements_of(project, tmp_path, benches.bench(tmp_path))
    bare = Project(kind="python", name="x", dependencies=(line.rpartition("\n")[0] or line,))
    with pytest.raises(BuildError, match="login"):
        packages.requirements_of(bare, tmp_path, benches.bench(tmp_path))


@pytest.mark.parametrize("kind", ["link", "parent", "pipe", "device"])
@pytest.mark.parametrize("name", ["requirements.txt", "uv.lock"])
def test_a_file_of_requirements_is_one_of_the_project_s(tmp_path, kind, name):
    """No link to what is the person's, and nothing that waits for ever."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / name).write_text("root:x:0:0\n")
    folder = tmp_path / "project"
    folder.mkdir()
    path = f"in/{name}" if kind == "parent" else name
    if kind == "parent":
        (folder / "in").symlink_to(tmp_path / "outside")
    elif kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero" if kind == "device" else tmp_path / "outside" / name)
    project = Project(kind="python", name="x", lock=path, requirements=path if name != "uv.lock" else "")
    bench = benches.bench(tmp_path)
    if name != "uv.lock" or kind != "parent":
        with pytest.raises(BuildError, match="cannot be read"):
            packages.requirements_of(project, folder, bench)
    with pytest.raises(BuildError, match="cannot be read"):
        packages.lock_digest(project, folder)


def test_several_indexes_need_hashes():
    """Else whoever takes a private name on the public one is asked for it."""
    both = {"UV_INDEX": "https://own.example/simple file:///x", "UV_DEFAULT_INDEX": "https://pypi.org/simple"}
    with pytest.raises(BuildError, match="several indexes"):
        packages.index_of(both, b"idna")
    found = packages.index_of(both, b"idna==1 --hash=sha256:" + b"a" * 64)
    assert found.arguments == {
        "PIP_INDEX_URL": "https://pypi.org/simple",
        "PIP_EXTRA_INDEX_URL": "https://own.example/simple",
    }
    assert packages.index_of(both, b"").arguments == {}
