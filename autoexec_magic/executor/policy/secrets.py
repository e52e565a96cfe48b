"""Places that hold secrets: keys, tokens, histories, browser profiles, and what a kernel listens by.

They are never read or written, whatever the policy says elsewhere. A place is a
place also behind a link (`links`).
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from .links import realpaths

# In the home folder, each with all that is below it.
AT_HOME = tuple(
    """
    .ssh .gnupg .aws .azure .kube .netrc .git-credentials .pgpass .my.cnf .mylogin.cnf .npmrc
    .yarnrc.yml .pypirc .password-store .kaggle .terraform.d .terraformrc .huggingface .oci .boto
    .s3cfg .vault-token .mozilla .thunderbird .fly .databrickscfg .snowflake .snowsql .mc .age .sops
    .docker/config.json .cargo/credentials.toml .cargo/credentials .gem/credentials .dbt/profiles.yml
    .config/gcloud .config/git/credentials .config/gh .config/glab-cli .config/hub .config/rclone
    .config/op .config/huggingface .config/sops .config/doctl .config/heroku .config/configstore
    .config/github-copilot .config/google-chrome .config/chromium .config/BraveSoftware
    .config/microsoft-edge .config/vivaldi .config/opera .config/wandb .cache/huggingface/token
    .cache/huggingface/stored_tokens .local/share/keyrings .local/share/fish/fish_history
    .local/share/jupyter/runtime .subversion/auth .Xauthority .ICEauthority .lesshst .viminfo
    .bash_history .zsh_history .python_history .psql_history .mysql_history .sqlite_history
    .node_repl_history .rediscli_history .ipython/profile_default/history.sqlite
    .claude/.credentials.json .codex/auth.json .modal.toml .vercel/auth.json .railway/config.json
    .m2/settings.xml .gradle/gradle.properties .config/uv/credentials.toml .config/pip/pip.conf .condarc
    .config/containers/auth.json .cloudflared .tsh .authinfo .bitcoin .config/Slack
    .var/app/org.mozilla.firefox .jupyter/jupyter_server_config.py .jupyter/jupyter_server_config.json
    .local/share/jupyter/notebook_secret .local/state/bash/history
    Library/Keychains Library/Jupyter/runtime Library/Cookies snap/firefox snap/chromium
    """.split()  # noqa: SIM905 - one name a line would be a file of its own
)
ANYWHERE = tuple(
    """
    /etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- /etc/sudoers /etc/sudoers.d /etc/ssh
    /etc/ssl/private /etc/krb5.keytab /etc/wireguard /etc/openvpn /etc/letsencrypt
    /etc/NetworkManager/system-connections /etc/kubernetes /etc/docker /run/secrets /var/run/secrets
    /run/credentials /var/lib/docker /var/lib/kubelet /var/lib/sss/secrets
    """.split()  # noqa: SIM905 - as above
)
# Somebody else's, or moved to another place, they hold the same.
_PART = r"/(?:\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.password-store|\.mozilla|keyrings|jupyter/runtime)(?:/|$)"
_SHAPES = re.compile(
    _PART
    + r"""|^/proc/[^/]+/(?:environ|mem|maps|smaps|pagemap|cmdline|fd|fdinfo|root|cwd|auxv|stack)(?:/|$)
      |^/proc/[^/]+/task/|^/proc/(?:kcore|keys|kallsyms)$|^/dev/(?:mem|kmem|port)$|^/sys/kernel/(?:debug|security)
      |/docker\.sock$|/containerd\.sock$|/podman\.sock$|^/tmp/krb5cc|^/tmp/ssh-|/ssh-agent|/gpg-agent
      |/\.ipython/profile_[^/]*/history\.sqlite""",
    re.VERBOSE,
)
_NAMES = re.compile(
    r"""\.env(?:\..+)?|id_(?:rsa|dsa|ecdsa|ed25519|ecdsa_sk|ed25519_sk)(?:\.(?!pub$).+|~)?|.+\.kdbx|\.htpasswd|.+\.keytab|.+\.jks
      |terraform\.tfstate(?:\.backup)?|privkey\d*\.pem|\.netrc|\.pgpass|\.git-credentials|jupyter_cookie_secret|jupyter_(?:server|notebook)_config\.json|kernel-[\w-]+\.json|(?:jpserver|nbserver)-\d+\.json
      |service[-_]account.*\.json|client_secret.*\.json|application_default_credentials\.json""",
    re.VERBOSE,
)
_NO_SECRET = frozenset((".env.example", ".env.sample", ".env.template", ".env.dist", ".env.test"))


def is_secret(real: str, known: frozenset[str]) -> bool:
    """Whether a path without links is such a place, or lies in one; `known` are the `places`."""
    if any(_NAMES.fullmatch(name) and name not in _NO_SECRET for name in real.split("/")):
        return True
    return _SHAPES.search(real) is not None or is_below(real, known)


def holds_secrets(real: str, known: frozenset[str]) -> str:
    """Return a place of that kind that lies below a path without links, "" if there is none.

    Only the places are known, not the names: nobody has looked into the folder.
    """
    if real == "/":
        return ANYWHERE[0]
    if real == "/proc" or re.fullmatch(r"/proc/[^/]+", real):
        return f"{real}/…/environ"
    start = real.rstrip("/") + "/"
    return min((place for place in known if place.startswith(start)), default="")


def places(home: Path, private: tuple[Path, ...]) -> frozenset[str]:
    """Return the places, and where they lead when links are followed."""
    named = _named(str(home), private)
    return _as_set(realpaths(named)) | _as_set(named)


def is_below(path: str, roots: frozenset[str]) -> bool:
    """Whether a path is one of `roots` or in one; all without links."""
    at = len(path)
    while at > 0:
        if path[:at] in roots:
            return True
        at = path.rfind("/", 0, at)
    return "/" in roots


def below(path: str, root: str) -> bool:
    """Whether `path` is `root` or in it; both without links."""
    return path == root or path.startswith(root if root.endswith("/") else root + "/")


@functools.lru_cache(maxsize=16)
def _named(home: str, private: tuple[Path, ...]) -> tuple[str, ...]:
    return (*(f"{home}/{name}" for name in AT_HOME), *ANYWHERE, *map(str, private))


@functools.lru_cache(maxsize=64)
def _as_set(paths: tuple[str, ...]) -> frozenset[str]:
    return frozenset(paths)
