"""Places that hold secrets, wherever they lie and whatever leads to them."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy.secrets import AT_HOME, below, holds_secrets, is_secret, places

SECRET = [
    "/srv/app/.env/..x",
    "/srv/app/.env/x/y",
    "/srv/app/terraform.tfstate",
    "/srv/app/terraform.tfstate.backup",
    "/srv/keys/id_rsa.bak",
    "/srv/tls/privkey1.pem",
    "/home/grace/.ipython/profile_work/history.sqlite",
    "/srv/app/.env",
    "/srv/app/.env.production",
    "/mnt/backup/home/ada/.ssh/id_x",
    "/home/grace/.aws/credentials",
    "/srv/keys/id_ed25519",
    "/proc/1/environ",
    "/proc/4242/fd/3",
    "/proc/4242/task/1/environ",
    "/proc/4242/root",
    "/proc/kcore",
    "/etc/shadow",
    "/etc/shadow-",
    "/run/docker.sock",
    "/run/secrets/token",
    "/tmp/krb5cc_0",
    "/tmp/x/jupyter/runtime/kernel-1.json",
    "/srv/kernel-12ab-34.json",
    "/srv/jpserver-123.json",
    "/srv/service-account-prod.json",
]
ORDINARY = [
    "/srv/keys/id_rsa.pub",
    "/srv/tls/cert.pem",
    "/srv/app/.env.example",
    "/etc/passwd",
    "/srv/app/.env.example",
    "/srv/app/environment.yml",
    "/srv/app/.envrc",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/4242/status",
    "/srv/ssh/config",
    "/srv/kernel.json",
    "/srv/app/token.py",
    "/srv/id_rsa.pub",
]


@pytest.mark.parametrize("path", SECRET)
def test_a_secret_is_known_by_its_place_or_its_name(tmp_path, path):
    """Also in somebody else's home, and moved to another place."""
    assert is_secret(path, places(tmp_path, ()))


@pytest.mark.parametrize("path", ORDINARY)
def test_what_only_looks_like_one_is_none(tmp_path, path):
    """Examples, public keys, what everybody may read."""
    assert not is_secret(path, places(tmp_path, ()))


@pytest.mark.parametrize("name", AT_HOME)
def test_each_place_at_home_is_one_with_all_below(tmp_path, name):
    """And what merely begins alike is not."""
    assert is_secret(f"{tmp_path}/{name}", places(tmp_path, ()))
    assert is_secret(f"{tmp_path}/{name}/x", places(tmp_path, ()))


def test_where_a_place_leads_is_one_too(tmp_path):
    """A link that is made later is followed as well, because its folder has changed."""
    home, kept = tmp_path / "home", tmp_path / "kept"
    home.mkdir()
    kept.mkdir()
    assert not is_secret(f"{kept}/x", places(home, ()))
    (home / ".kaggle").symlink_to(kept)
    assert is_secret(f"{kept}/x", places(home, ()))
    assert is_secret(f"{home}/.kaggle/x", places(home, ()))


def test_what_holds_a_secret_is_told(tmp_path):
    """The home, what it lies in, the root; not a folder beside it."""
    private = tmp_path / "data" / "runs"
    known = places(tmp_path / "home", ())
    assert holds_secrets(str(tmp_path / "home"), known).startswith(str(tmp_path / "home/."))
    assert holds_secrets(str(tmp_path), places(tmp_path / "home", ()))
    assert holds_secrets("/", places(tmp_path / "home", ()))
    assert holds_secrets("/etc", places(tmp_path / "home", ()))
    assert holds_secrets("/proc", places(tmp_path / "home", ()))
    assert holds_secrets("/proc/self", places(tmp_path / "home", ()))
    assert holds_secrets(str(tmp_path / "data"), places(tmp_path / "home", (private,))) == str(private)
    assert holds_secrets(str(tmp_path / "home/project"), places(tmp_path / "home", (private,))) == ""
    assert holds_secrets(str(tmp_path / "hom"), places(tmp_path / "home", (private,))) == ""


def test_private_folders_are_places(tmp_path):
    """The store of runs and Jupyter's own, wherever they were put."""
    assert str(tmp_path / "runs") in places(tmp_path, (tmp_path / "runs",))
    assert is_secret(str(tmp_path / "runs/x"), places(tmp_path, (tmp_path / "runs",)))


def test_being_below_is_no_matter_of_letters():
    """`startswith` is no test of being inside."""
    assert below("/a/b", "/a")
    assert below("/a", "/a")
    assert below("/a", "/")
    assert not below("/ab", "/a")
