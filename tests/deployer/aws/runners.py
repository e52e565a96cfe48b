"""What is behind our model of AWS: zips run as processes, images as containers of the tests' own engine."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: what Lambda's runtime does for one call; what is printed goes to the log
BOOT = """
import importlib, json, os, sys
answer = os.fdopen(os.dup(1), "w"); os.dup2(2, 1)
def end(kind, text):
    json.dump({"errorType": kind, "errorMessage": text}, answer); answer.flush(); os._exit(1)
sys.path.insert(0, os.getcwd())
module, _, name = sys.argv[1].rpartition(".")
try:
    found = getattr(importlib.import_module(module), name)
except ImportError as error:
    end("Runtime.ImportModuleError", str(error))
except SystemExit as error:
    sys.stdout.flush(); end("Runtime.ExitError", f"exit status {error.code}")
except AttributeError as error:
    end("Runtime.HandlerNotFound", str(error))
try:
    said = found(json.loads(sys.argv[2]), None)
    json.dump(said, answer)
except BaseException as error:
    import traceback; traceback.print_exc(); end(type(error).__name__, str(error))
answer.flush()
"""


@dataclass
class Runner:
    """Runs what our model of Lambda is asked to; `engine` and `pull` are there where images are run."""

    endpoint: str = ""
    folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)
    containers: Any = None
    warm: dict[str, str] = field(default_factory=dict)

    def run(
        self, configuration: dict[str, Any], code: dict[str, Any], payload: bytes
    ) -> tuple[bytes, str, bytes]:
        """Return what a function answers, "Unhandled" where it raised, and its log."""
        variables = dict((configuration.get("Environment") or {}).get("Variables") or {})
        variables["AWS_ENDPOINT_URL"] = self.endpoint
        if "ImageUri" in code:
            return self._contained(configuration, code, payload, variables)
        place = (
            Path(self.folder.name) / configuration["CodeSha256"].replace("/", "_") / configuration["Version"]
        )
        if not place.is_dir():
            place.mkdir(parents=True)
            with zipfile.ZipFile(io.BytesIO(code["ZipFile"])) as opened:
                opened.extractall(place)
        argv = [sys.executable, "-c", BOOT, configuration["Handler"], payload.decode()]
        variables |= {"PATH": os.environ["PATH"], "HOME_OF_VERSION": str(place)}
        try:
            done = subprocess.run(
                argv,
                cwd=place,
                env=variables,
                capture_output=True,
                timeout=configuration["Timeout"],
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            text = {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"Task timed out after {error.timeout} s",
            }
            return json.dumps(text).encode(), "Unhandled", error.stderr or b""
        return done.stdout, "Unhandled" if done.returncode else "", done.stderr

    def _contained(
        self, configuration: dict[str, Any], code: dict[str, Any], payload: bytes, variables: dict[str, str]
    ) -> tuple[bytes, str, bytes]:
        arn = configuration["FunctionArn"]
        if arn not in self.warm:
            self.warm[arn] = self.containers.start(code["ImageUri"], variables, ["sleep", "3600"])
        command = (configuration.get("ImageConfigResponse") or {}).get("ImageConfig", {}).get("Command")
        command = command or self.containers.command(self.warm[arn])
        status, out, err = self.containers.run(
            self.warm[arn], ["python3", "-c", BOOT, command[0], payload.decode()]
        )
        return out, "Unhandled" if status else "", err

    def close(self) -> None:
        self.folder.cleanup()


class NotPulled(Exception):
    """An image cannot be had."""


@dataclass
class Containers:
    """Containers of the tests' own engine; `login` is what the registry wants."""

    engine: Any
    login: dict[str, str]
    started: list[str] = field(default_factory=list)

    def start(self, image: str, variables: dict[str, str], command: list[str] | None = None) -> str:
        """Pull an image by its digest, start a container of it, and return its id."""
        from docker import errors

        with contextlib.closing(self.engine.client()) as client:
            try:
                client.pull(image, auth_config=self.login)
            except errors.APIError as error:
                raise NotPulled(f"CannotPullContainerError: {error.explanation}") from error
            made = client.create_container(image, command=command, environment=variables)["Id"]
            self.started.append(made)
            client.start(made)
            return str(made)

    def command(self, container: str) -> list[str]:
        with contextlib.closing(self.engine.client()) as client:
            image = client.inspect_container(container)["Image"]
            return list(client.inspect_image(image)["Config"]["Cmd"])

    def run(self, container: str, argv: list[str]) -> tuple[int, bytes, bytes]:
        """Run a program in it and return how it ended; in a container that ends meanwhile it fails."""
        from docker import errors

        with contextlib.closing(self.engine.client()) as client:
            try:
                made = client.exec_create(container, argv)["Id"]
                out, err = client.exec_start(made, demux=True)
                return client.exec_inspect(made)["ExitCode"], out or b"", err or b""
            except errors.APIError as error:
                if self.state(container)[0]:
                    raise
                return 128 + signal.SIGKILL, b"", str(error.explanation).encode()

    def state(self, container: str) -> tuple[bool, int, str]:
        """Return whether it runs, its exit code and its address."""
        with contextlib.closing(self.engine.client()) as client:
            found = client.inspect_container(container)
            networks = found["NetworkSettings"]["Networks"].values()
            address = next((each["IPAddress"] for each in networks), "")
            return found["State"]["Running"], found["State"]["ExitCode"], address

    def log(self, container: str) -> str:
        with contextlib.closing(self.engine.client()) as client:
            return client.logs(container, tail=10).decode()

    def stop(self, container: str) -> None:
        from docker import errors

        with contextlib.closing(self.engine.client()) as client, contextlib.suppress(errors.NotFound):
            client.remove_container(container, force=True)

    def close(self) -> None:
        for each in self.started:
            self.stop(each)
