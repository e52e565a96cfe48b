"""Where a service is at Google, and the options of `[tool.autoexec.deploy.NAME.gcp]`, pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autoexec_magic.errors import UsageError
from autoexec_magic.history import short_id
from autoexec_magic.releasefacts import Release, Spec

#: each option, and what it means
OPTIONS: Mapping[str, str] = {
    "project": "the project's id; else GOOGLE_CLOUD_PROJECT",
    "region": "such as europe-west1; else GOOGLE_CLOUD_REGION",
    "repository": "where images are pushed: REGION-docker.pkg.dev/PROJECT/REPOSITORY",
    "service-account": "whom the revisions run as; the project's default",
    "public": "true: whoever asks is let in; false",
    "ingress": "who reaches it: all, internal, or internal-and-load-balancer; all",
    "max-instances": "how many instances there are at most; as many as replicas",
    "concurrency": "requests that an instance gets at the same time; the platform's",
    "endpoint": "HOST:PORT of another Cloud Run",
    "rest-endpoint": "HOST:PORT of another Secret Manager and Cloud Logging",
}
INGRESS: Mapping[str, str] = {
    "all": "INGRESS_TRAFFIC_ALL",
    "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "internal-and-load-balancer": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]{6,20}")
_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+[0-9]{1,2}")
_ADDRESS = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}|[A-Za-z0-9.-]+\.[a-z]{2,}")
_MIB = 1 << 20
MOST_NAME = 37  #: a tag and a service's name have 46 characters together


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One service of one project and region; `repository` is where images go, "" where none is named."""

    service: str
    project: str
    region: str
    repository: str = ""
    endpoint: str = ""
    rest_endpoint: str = ""

    @property
    def parent(self) -> str:
        """What the service is a part of."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def name(self) -> str:
        """The service's full name."""
        return f"{self.parent}/services/{self.service}"

    def revision(self, short: str) -> str:
        """Return the full name of a revision."""
        return f"{self.name}/revisions/{short}"


def place_of(service: str, options: Mapping[str, str], variables: Mapping[str, str]) -> Place:
    """Return where a service is.

    Parameters
    ----------
    service : str
        Its name, at most `MOST_NAME` characters.
    options : mapping
        Those of the settings.
    variables : mapping
        The environment: what names a project or a region where the options do not.

    Raises
    ------
    UsageError
        An option is unknown or cannot be, or project or region are not known.
    """
    check_names(options)
    if len(service) > MOST_NAME:
        raise UsageError(
            f"{service!r} is too long for Cloud Run",
            why=f"a tag stands before it in a URL: it has at most {MOST_NAME} characters",
            fix=f"--name {service[:MOST_NAME].rstrip('-')}",
        )
    project = options.get("project") or _first(variables, "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
    region = options.get("region") or _first(variables, "GOOGLE_CLOUD_REGION", "CLOUDSDK_RUN_REGION")
    _check("project", project, _PROJECT)
    _check("region", region, _REGION)
    for name in ("endpoint", "rest-endpoint"):
        if options.get(name):
            _check(name, options[name], _ADDRESS)
    return Place(
        service=service,
        project=project,
        region=region,
        repository=options.get("repository", "").rstrip("/"),
        endpoint=options.get("endpoint", ""),
        rest_endpoint=options.get("rest-endpoint", ""),
    )


def check_names(names: Iterable[str]) -> None:
    """Refuse an option that is none.

    Raises
    ------
    UsageError
        With the nearest one that is.
    """
    for name in names:
        if name not in OPTIONS:
            near = difflib.get_close_matches(name, OPTIONS, n=1)
            fix = f"did you mean {near[0]}?" if near else f"one of {', '.join(OPTIONS)}"
            raise UsageError(f"gcp knows no option {name!r}", fix=fix)


def check_spec(spec: Spec) -> None:
    """Refuse what Cloud Run cannot run, before anything is asked.

    Raises
    ------
    UsageError
        With what to write instead.
    """
    check_names(dict(spec.options))
    if spec.gate.command:
        raise UsageError("gcp asks no command whether a release is well", fix="health = '/health'")
    if spec.memory_bytes % _MIB:
        raise UsageError(
            f"gcp cannot give {spec.memory_bytes} bytes of memory",
            why="it counts in Mi",
            fix="memory = '512M'",
        )
    if spec.option("public", "false").lower() not in ("true", "false"):
        raise UsageError("public is true or false", fix="public = true")
    if spec.option("ingress", "all") not in INGRESS:
        raise UsageError(f"ingress cannot be {spec.option('ingress')!r}", fix=f"one of {', '.join(INGRESS)}")
    for name in ("max-instances", "concurrency"):
        if spec.option(name) and not (spec.option(name).isdecimal() and 0 < int(spec.option(name)) <= 1000):
            raise UsageError(f"{name} cannot be {spec.option(name)!r}", fix=f"{name} = 10")
    reserved = {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"}
    taken = sorted(reserved & {*dict(spec.environment), *(each.name for each in spec.secrets)})
    if taken:
        raise UsageError(f"Cloud Run itself sets {taken[0]}", fix="leave it out; port = 8080 says the port")


def revision_of(release: Release) -> str:
    """Return the short name of a release's revision.

    Examples
    --------
    >>> from autoexec_magic.releasefacts import Spec
    >>> revision_of(Release(service="web", target="gcp", release_id="0-1234abcd",
    ...                     spec=Spec(artifact="image", reference="web", digest="")))
    'web-1234abcd'
    """
    return f"{release.service}-{short_id(release.release_id)}"


def tag_of(revision: str) -> str:
    """Return the tag of a revision of ours; it begins with a letter.

    Examples
    --------
    >>> tag_of("web-1234abcd")
    'r1234abcd'
    """
    return f"r{revision[-8:]}"


def is_loopback(address: str) -> bool:
    """Whether HOST:PORT is this machine: only there it is asked without TLS and credentials."""
    return address.rpartition(":")[0].strip("[]") in _LOCAL


def _first(variables: Mapping[str, str], *names: str) -> str:
    return next((variables[name] for name in names if variables.get(name)), "")


def _check(name: str, value: str, pattern: re.Pattern[str]) -> None:
    if not value:
        raise UsageError(
            f"gcp has to know the {name}",
            why=f"it is {OPTIONS[name]}",
            fix=f"{name} = '…' in [tool.autoexec.deploy.NAME.gcp]",
        )
    if not pattern.fullmatch(value):
        raise UsageError(f"the {name} cannot be {value!r}", fix=f"it is {OPTIONS[name]}")
