"""Beds at our model of AWS (`front`): a Lambda function of a zip, and an ECS service of real containers."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import http.client
import http.server
import io
import json
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
from deployer.aws.balancer import forwarded, reached
from deployer.aws.front import ACCOUNT, REGION, Fault, Front
from deployer.aws.functions import Functions
from deployer.aws.runners import Containers, Runner
from deployer.aws.tasks import Tasks
from deployer.scenarios import GATE, file_of
from engines import PYTHON, engine, session_engine, started_registry  # noqa: F401 - fixtures
from skips import requires

from autoexec_magic.deployer.aws import aws
from autoexec_magic.ledger import Ledger
from autoexec_magic.releasefacts import Release, Spec

ROLE = f"arn:aws:iam::{ACCOUNT}:role/web"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "of-the-tests",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_EC2_METADATA_DISABLED": "true",
}
#: bcrypt of hunter2
HASH = "$2y$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8."
LOGIN = {"username": "me", "password": "hunter2"}


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Let botocore read AWS's published schemas once, and not for each client of each test."""
    from botocore import loaders

    patch = pytest.MonkeyPatch()
    patch.setattr(loaders, "create_loader", functools.cache(loaders.create_loader))
    yield
    patch.undo()


@contextlib.contextmanager
def breaking_engine() -> Iterator[str]:
    """Yield the URL of what tells a Docker Engine's version, and breaks off whatever else it is asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.endswith("/version"):
                self.close_connection = True
                return
            body = b'{"ApiVersion": "1.41"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def front(monkeypatch) -> Iterator[Front]:
    """AWS at an address of its own, empty but for a role; boto3's own variables name it."""
    made = Front()
    runner = Runner()
    made.lambdas = Functions(runner=runner, image_digest=lambda uri: "")
    made.start()
    runner.endpoint = made.url
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": made.url}.items():
        monkeypatch.setenv(name, value)
    line = http.client.HTTPConnection("127.0.0.1", made.port, timeout=60)
    line.request("POST", "/moto-api/reset")
    assert line.getresponse().read()
    line.close()
    client("iam").create_role(RoleName="web", AssumeRolePolicyDocument="{}", Path="/")
    made.seen.clear()
    yield made
    made.stop()
    runner.close()


def client(api: str) -> Any:
    """Return a client of the tests' own, for what a person does at AWS."""
    import boto3

    return boto3.session.Session().client(api)


@dataclass
class Bed:
    """What both beds have."""

    folder: Path
    ledger: Ledger
    front: Front
    at: str = ""
    serves: bool = False
    options: dict[str, str] = field(default_factory=dict)

    def target(self, values: Mapping[str, str] | None = None) -> Any:
        made = aws(service="web", options=self.options, folder=self.folder, values=values)
        return replace(made, patience_seconds=60.0)

    def url(self) -> str:
        return self.at

    def api(self) -> tuple[str, int]:
        return "127.0.0.1", self.front.port

    def by(self, port: int) -> contextlib.AbstractContextManager[None]:
        return mock.patch.dict(os.environ, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")

    def without_credentials(self) -> contextlib.AbstractContextManager[object]:
        def over(action: str) -> None:
            raise Fault("ExpiredTokenException", "The security token included in the request is expired", 403)

        return mock.patch.object(self.front, "before", over)

    def script(self) -> tuple[str, dict[str, str]]:
        text = (
            "from pathlib import Path\n"
            "from autoexec_magic.deployer.aws import aws\n"
            f"target = aws(service='web', options={self.options!r}, folder=Path({str(self.folder)!r}))\n"
        )
        return text, {"PYTHONPATH": str(file_of("..").resolve())}


@dataclass
class LambdaBed(Bed):
    """A function of a zip, which runs as processes of this machine; `pack` is a test's own."""

    pack: Any = None

    def spec(self, version: str, behaviour: str = "well", **changes: Any) -> Spec:
        place = self.folder / "app"
        place.mkdir(exist_ok=True)
        shutil.copyfile(Path(__file__).with_name("handled.py"), place / "handled.py")
        digest = hashlib.sha256(version.encode()).hexdigest()
        variables = (("BEHAVIOUR", behaviour), ("VERSION", version))
        (place / "version.txt").write_text(version)  # another artifact has other bytes
        options = tuple(sorted(self.options.items()))
        gate = replace(GATE, answer_seconds=10)
        given = {"environment": variables, "gate": gate, "options": options, **changes}
        return Spec(artifact="app", reference="app", digest=f"sha256:{digest}", **given)

    def lose(self, release: Release) -> None:
        found = self.target().function.found(release.release_id)
        client("lambda").delete_function(FunctionName="web", Qualifier=found["Version"])

    def answer(self, path: str) -> tuple[int, bytes]:
        """Answer as a function URL of the alias does."""
        request = json.dumps({"rawPath": path}).encode()
        found = self.front.lambdas.invoke("web", request, Qualifier="live")
        body = json.loads(found.body or b"{}")
        body = body if isinstance(body, dict) else {}
        return body.get("statusCode", 502), body.get("body", "").encode()


@pytest.fixture
def lambda_bed(tmp_path, front) -> Iterator[LambdaBed]:
    made = LambdaBed(folder=tmp_path, ledger=Ledger(path=tmp_path / "ledger.db"), front=front)
    made.options = {"service": "lambda", "role": ROLE, "handler": "handled.handler"}
    with reached(made.answer) as at:
        made.at = at
        yield made


@dataclass
class EcsBed(Bed):
    """A service of containers of the tests' own engine, their images in a registry that stands for ECR."""

    engine: Any = None
    tasks: Any = None

    def spec(self, version: str, behaviour: str = "well", **changes: Any) -> Spec:
        tag = f"web:{version}"
        digest = built(self.engine, tag, version)
        variables = (("BEHAVIOUR", behaviour), ("VERSION", version))
        options = tuple(sorted(self.options.items()))
        given = {"environment": variables, "gate": GATE, "options": options, "port": 8080, **changes}
        return Spec(artifact="image", reference=tag, digest=digest, **given)

    def lose(self, release: Release) -> None:
        found = self.target().cluster.of(release.release_id)
        client("ecs").deregister_task_definition(taskDefinition=found["taskDefinitionArn"])


@pytest.fixture
def ecr(front, engine, tmp_path) -> Iterator[Containers]:  # noqa: F811
    """ECR at our model of AWS: a real registry that wants ECR's token, with a repository `web`."""
    folder = tmp_path / "registry"
    folder.mkdir()
    requires(
        shutil.which("docker-registry"), "docker-registry is not installed", "apt-get install docker-registry"
    )
    (folder / "htpasswd").write_text(f"me:{HASH}\n")
    with started_registry(folder, folder / "htpasswd") as address:
        _behind(front, address)
        containers = Containers(engine=engine, login=LOGIN)
        front.lambdas.runner.containers = containers
        front.lambdas.image_digest = lambda uri: _manifest(address, uri.rpartition("@")[2])[0]
        client("ecr").create_repository(repositoryName="web")
        front.seen.clear()
        yield containers
        containers.close()


@pytest.fixture
def ecs_bed(tmp_path, front, ecr, engine) -> Iterator[EcsBed]:  # noqa: F811
    tasks = Tasks(containers=ecr)
    front.ecs = tasks
    tasks.start()
    made = EcsBed(folder=tmp_path, ledger=Ledger(path=tmp_path / "ledger.db"), front=front)
    made.engine, made.tasks = engine, tasks
    client("iam").create_role(RoleName="pulls", AssumeRolePolicyDocument="{}", Path="/")
    ec2 = client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    made.options = {
        "service": "ecs",
        "subnets": subnet,
        "security-groups": group,
        "execution-role": f"arn:aws:iam::{ACCOUNT}:role/pulls",
    }
    front.seen.clear()
    with reached(lambda path: forwarded(tasks.addresses, path)) as at:
        made.at = at
        yield made
    tasks.stop()


def built(engine: Any, tag: str, version: str) -> str:  # noqa: F811
    """Make an image of the small service, and return its id."""
    text = (
        f"FROM {PYTHON}\nENV HOST=0.0.0.0 MADE={version}\nWORKDIR /var/task\n"
        'COPY served.py handled.py ./\nCMD ["python3", "served.py"]\n'
    )
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as tar:
        files = {"Dockerfile": text.encode()}
        files |= {"served.py": file_of("served.py").read_bytes()}
        files |= {"handled.py": Path(__file__).with_name("handled.py").read_bytes()}
        for name, content in files.items():
            item = tarfile.TarInfo(name)
            item.size = len(content)
            tar.addfile(item, io.BytesIO(content))
    into.seek(0)
    with contextlib.closing(engine.client()) as made:
        lines = list(made.build(fileobj=into, custom_context=True, tag=tag, rm=True, decode=True))
        assert not [line for line in lines if "error" in line], lines
        return str(made.inspect_image(tag)["Id"])


def _behind(front: Front, address: str) -> None:
    """Let moto's ECR know what a real registry has, and name that registry."""
    from moto.ecr.models import ecr_backends

    def before(given: dict[str, Any]) -> None:
        repository = ecr_backends[ACCOUNT][REGION].repositories.get(given.get("repositoryName", ""))
        if repository is None:
            return
        for wanted in given.get("imageIds", ()):
            digest, content, kind = _manifest(address, wanted.get("imageDigest") or wanted["imageTag"])
            if digest and all(each.get_image_digest() != digest for each in repository.images):
                ecr_backends[ACCOUNT][REGION].put_image("web", content, wanted.get("imageTag"), kind, digest)

    token = base64.b64encode(f"{LOGIN['username']}:{LOGIN['password']}".encode())

    def after(body: bytes) -> bytes:
        body = body.replace(f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com".encode(), address.encode())
        return body.replace(base64.b64encode(f"AWS:{ACCOUNT}-auth-token".encode()), token)

    front.ecr_before, front.ecr_after = before, after


def _manifest(address: str, reference: str) -> tuple[str, str, str]:
    """Return the digest, the text and the kind of an image in the registry, all "" where it is not there."""
    line = http.client.HTTPConnection(urlsplit(f"//{address}").netloc, timeout=30)
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    login = base64.b64encode(f"{LOGIN['username']}:{LOGIN['password']}".encode()).decode()
    headers = {"Accept": kind, "Authorization": f"Basic {login}"}
    try:
        line.request("GET", f"/v2/web/manifests/{reference}", headers=headers)
        found = line.getresponse()
        content = found.read().decode()
        return (
            (found.headers["Docker-Content-Digest"], content, kind) if found.status == 200 else ("", "", "")
        )
    finally:
        line.close()
