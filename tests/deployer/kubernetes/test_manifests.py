"""Reading own manifests, safely and under limits."""

from __future__ import annotations

import json
import os

import pytest

from autoexec_magic.deployer.kubernetes import manifests
from autoexec_magic.deployer.kubernetes.manifests import bodies_of, read
from autoexec_magic.errors import UsageError

ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {date: 2020-01-01}\n"


def written(folder, text, name="all.yaml"):
    (folder / name).write_text(text)
    return folder / name


def test_documents_lists_and_files_of_a_folder_come_in_their_order(tmp_path):
    """Folders in it and other files are left out; the text is the same for the same objects."""
    listed = {"kind": "List", "items": [{"kind": "B", "metadata": {"name": "b"}}]}
    written(tmp_path, json.dumps(listed), "2.json")
    written(tmp_path, f"---\n{ONE}---\n---\nkind: C\nmetadata: {{name: c}}\n", "1.yml")
    written(tmp_path, "no manifest", "README.md")
    (tmp_path / "more").mkdir()
    text = read(tmp_path)
    assert [each["metadata"]["name"] for each in bodies_of(text)] == ["a", "c", "b"]
    assert read(tmp_path) == text
    assert "\n" not in text


def test_a_date_is_a_text_and_what_the_server_wrote_is_left_out():
    """Such as `kubectl get -o yaml` shows it."""
    found = bodies_of(
        "kind: A\nstatus: {x: 1}\nmetadata:\n  name: a\n  uid: u\n  resourceVersion: '1'\n"
        "  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}', mine: 2020-01-01}\n"
    )
    assert found == [{"kind": "A", "metadata": {"name": "a", "annotations": {"mine": "2020-01-01"}}}]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{{ .Values.name }}", "no YAML|no text"),
        ("a: [", "no YAML"),
        ("a: !!python/object/apply:os.system ['true']", "no YAML"),
        ("just words", "no object"),
        ("kind: A\n", "no object"),
        ("- a\n- b\n", "no object"),
        ("kind: A\nkind: B\nmetadata: {name: a}\n", "no YAML"),
        ("kind: A\nmetadata: {name: a}\ndata: {8080: x}\n", "no text"),
        ("kind: A\nmetadata: {name: a}\ndata: {on: x}\n", "the key True, which is no text"),
        ("kind: A\nmetadata: {name: a}\ndata: {x: !!binary aGVsbG8=}\n", "has a bytes"),
        ("kind: A\nmetadata: {name: a}\nx: &x [*x]\n", "too large|no YAML"),
        ("[" * 3000, "no YAML|too large"),
        ("", "there is no manifest"),
        ("kind: A\nmetadata: {name: a}\nx: .nan\n", "JSON has not"),
    ],
)
def test_what_is_no_manifest_is_told(tmp_path, text, match):
    with pytest.raises(UsageError, match=match):
        read(written(tmp_path, text))


def test_aliases_that_grow_are_refused_before_they_do(tmp_path):
    """Nine lines of nine aliases each are a thousand million values."""
    lines = ["kind: A", "metadata: {name: a}", "a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(UsageError, match="too large"):
        read(written(tmp_path, "\n".join(lines)))
    merged = "base: &b {x: 1}\nkind: A\nmetadata: {name: a}\ny: {<<: *b, z: 2}\n"
    assert bodies_of(merged)[0]["y"] == {"x": 1, "z": 2}


@pytest.mark.parametrize(
    "line",
    [
        'password: "hunter2xyz" "x',
        "password: hunter2xyz: b",
        "password: *hunter2xyz",
        "password: !hunter2xyz",
        "password: !hunter2xyz! b",
        "password: !!int hunter2xyz",
        "password: !!bool hunter2xyz",
        "password: !!timestamp hunter2xyz",
        "password: [hunter2xyz, }",
        "? [hunter2xyz]\n: b",
        "password: hunter2xyz\x00",
    ],
)
def test_what_is_no_yaml_is_told_by_its_place_and_not_by_its_line(line):
    with pytest.raises(UsageError, match=r"no YAML|is no text") as raised:
        bodies_of(f"kind: Secret\nmetadata: {{name: a}}\n{line}\n")
    assert "hunter2xyz" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    with pytest.raises(UsageError, match="in line 3, column"):
        bodies_of("kind: A\nmetadata: {name: a}\na: b: hunter2xyz\n")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[{}]", "no object"),
        ("[1]", "no object"),
        ('[{"kind": "A", "metadata": {"name": "a"}, "x": ' + "[" * 60 + "]" * 60 + "}]", "too large"),
        ('[{"kind": "A", "metadata": {"name": "\\ud800"}}]', "JSON has not"),
        ('kind: A\nmetadata: {name: "\\ud800"}', "JSON has not|no YAML"),
        (f"kind: A\nmetadata: {{name: 0x{'f' * 9000}}}", "JSON has not"),
    ],
)
def test_a_text_of_either_kind_is_read_under_the_same_limits(text, match):
    with pytest.raises(UsageError, match=match):
        bodies_of(text)


def test_what_is_too_large_or_cannot_be_read_is_told(tmp_path, monkeypatch):
    written(tmp_path, ONE + "#" * manifests.MOST_BYTES)
    with pytest.raises(UsageError, match="too large") as raised:
        read(tmp_path)
    assert "by kubectl" in raised.value.fix
    with pytest.raises(UsageError, match="cannot read"):
        read(tmp_path / "none.yaml")
    (tmp_path / "all.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot read"):
        read(tmp_path)
    (tmp_path / "all.yaml").unlink()
    with pytest.raises(UsageError, match="there is no manifest"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(UsageError, match="cannot read"):
        read(tmp_path)
    (tmp_path / "pipe.yaml").unlink()
    for number in range(manifests.MOST_FILES + 1):
        written(tmp_path, ONE, f"{number}.yaml")
    with pytest.raises(UsageError, match="of at most"):
        read(tmp_path)


@pytest.mark.parametrize(("name", "fix"), [("kustomization.yaml", "kustomize"), ("Chart.yaml", "template")])
def test_what_another_program_makes_manifests_of_is_not_guessed(tmp_path, name, fix):
    written(tmp_path, "resources: []", name)
    with pytest.raises(UsageError, match="by another program") as raised:
        read(tmp_path)
    assert fix in raised.value.fix


def test_a_text_that_was_kept_and_is_none_any_more_is_told():
    with pytest.raises(UsageError, match="cannot be read"):
        bodies_of("[{")
