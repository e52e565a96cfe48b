"""What docker and kubectl say when they fail, and what a list of pods shows.

kubectl's rows were read from its own output against a small server that
speaks the protocol; the states of pods are words of the Kubernetes API.
"""

from __future__ import annotations

from ..spots import Family, Saying, Seen, Spot, known, seen

_START = "start the docker daemon (systemctl start docker), or set DOCKER_HOST to where it runs"
_DOCKER: tuple[Saying, ...] = (
    ("Cannot connect to the Docker daemon", "daemon-not-running", _START),
    ("Is the docker daemon running?", "daemon-not-running", _START),
    ("permission denied while trying to connect to the Docker daemon socket", "permission-denied", "join the group docker (then log in anew), or run it with sudo"),
    ("permission denied while trying to connect to the docker API", "permission-denied", "join the group docker (then log in anew), or run it with sudo"),
    ("port is already allocated", "address-in-use", "stop what uses that port (docker ps shows containers), or publish another"),
    ("address already in use", "address-in-use", "stop what uses that port, or publish another"),
    ("no space left on device", "disk-full", "docker system prune frees what nothing uses; then run it again"),
    ("pull access denied", "image-not-found", "correct the image's name, or docker login first"),
    ("manifest unknown", "image-not-found", "correct the tag: the registry has the image, but not this tag"),
    ("repository does not exist", "image-not-found", "correct the image's name, or docker login first"),
    ("not found: manifest", "image-not-found", "correct the tag: the registry has the image, but not this tag"),
    ("Unable to find image", "image-not-found", "correct the image's name, or build or pull it first"),
    ("No such image", "image-not-found", "correct the image's name, or build or pull it first"),
    ("no matching manifest for", "platform-unsupported", "take an image for this processor, or --platform with emulation"),
    ("exec format error", "wrong-architecture", "take an image for this processor, or --platform with emulation"),
    ("is already in use by container", "name-in-use", "docker rm the old container first, or take another name"),
    ("No such container", "container-not-found", "docker ps -a lists the containers; correct the name"),
    ("is not running", "container-not-running", "docker start it first; docker logs says why it ended"),
    ("executable file not found", "command-not-found", "correct the command: the image has no such program"),
    ("failed to read dockerfile", "file-not-found", "name it with -f, or run it in the folder that has the Dockerfile"),
    ("unable to evaluate symlinks in Dockerfile path", "file-not-found", "name it with -f, or run it in the folder that has the Dockerfile"),
    ("Cannot locate specified Dockerfile", "file-not-found", "name it with -f, or run it in the folder that has the Dockerfile"),
    ("COPY failed", "file-not-found", "correct the path: it is looked up from the build's folder, less .dockerignore"),
    ("ADD failed", "file-not-found", "correct the path: it is looked up from the build's folder, less .dockerignore"),
    ("failed to compute cache key", "file-not-found", "correct the path: it is looked up from the build's folder, less .dockerignore"),
    ("unknown instruction", "syntax", "correct that line of the Dockerfile"),
    ("returned a non-zero code: 137", "killed", "look whether memory ran out (docker inspect: OOMKilled): then raise --memory, or do less at once"),
    ("returned a non-zero code", "command-failed", "read what that command of the Dockerfile wrote above"),
    ("unauthorized: authentication required", "authentication-failed", "docker login to that registry first"),
    ("denied: requested access", "forbidden", "docker login with an account that may do this"),
    ("toomanyrequests", "rate-limited", "docker login, or wait and pull again"),
    ("TLS handshake timeout", "operation-timed-out", "check the network and the proxy, then run it again"),
    ("certificate signed by unknown authority", "certificate-invalid", "give the daemon that registry's CA (/etc/docker/certs.d)"),
    ("no such host", "host-not-found", "check the host's name, and whether this machine has a network"),
    ("network-scoped alias", "invalid-argument", "correct that option of docker run"),
    ("invalid reference format", "invalid-name", "correct the image's name: lower case, one colon before the tag"),
    ("invalid mount config", "invalid-argument", "correct the path of that mount: it must exist on the host"),
    ("unknown flag: ", "unknown-option", "correct the option; docker COMMAND --help lists them"),
    ("unknown shorthand flag", "unknown-option", "correct the option; docker COMMAND --help lists them"),
    ("unknown command: docker", "unknown-command", "docker --help lists the commands"),
    ("is not a docker command", "unknown-command", "docker --help lists the commands"),
    ("context not found", "context-not-found", "docker context ls lists the contexts"),
    ("could not select device driver", "gpu-not-available", "install the GPU's container toolkit, or leave --gpus out"),
)  # fmt: skip
_DOCKER_EXITS = (1, 125, 126, 127)
_DOCKER_SPEAKS = ("docker: ", "Error response from daemon", "error during connect", "Failed to initialize", "ERROR: failed to ", "Cannot connect to the Docker", "permission denied while trying", "Cannot locate", "unable to prepare context", "unknown flag: ", "unknown shorthand flag", "The command ", "ERROR: Cannot connect", "Unable to find image", "Error: No such ", "COPY failed", "ADD failed", "Error: ")  # fmt: skip

_KUBECTL: tuple[Saying, ...] = (
    ("context \"", "context-not-found", "kubectl config get-contexts lists them"),
    ("rename the context", "context-not-found", "kubectl config get-contexts lists them"),
    ("delete context ", "context-not-found", "kubectl config get-contexts lists them"),
    ("must specify one of -f", "missing-argument", "name what to apply: -f FILE, or -k FOLDER"),
    ("Required resource not specified", "missing-argument", "name the kind and the resource"),
    ("error loading config file", "invalid-config", "correct the kubeconfig at that line"),
    ("was refused - did you specify the right host or port", "connection-refused", "kubectl config current-context: start that cluster, or choose another context"),
    ("connection refused", "connection-refused", "kubectl config current-context: start that cluster, or choose another context"),
    ("i/o timeout", "operation-timed-out", "check the network and the VPN to the cluster, then run it again"),
    ("no such host", "host-not-found", "correct the cluster's address in the kubeconfig"),
    ("context was not found for specified context", "context-not-found", "kubectl config get-contexts lists them"),
    ("no context exists with the name", "context-not-found", "kubectl config get-contexts lists them"),
    ("current-context is not set", "context-not-found", "kubectl config use-context NAME; get-contexts lists them"),
    ("no configuration has been provided", "context-not-found", "give a kubeconfig: set KUBECONFIG, or --kubeconfig FILE"),
    ("(NotFound)", "resource-not-found", "kubectl get that kind -A lists them; correct the name or the namespace (-n)"),
    ("(Forbidden)", "forbidden", "ask for a role that may do this; kubectl auth can-i --list shows what you may"),
    ("(AlreadyExists)", "resource-exists", "kubectl apply instead of create, or delete the old one first"),
    ("(Conflict)", "resource-changed", "get it again, make the change anew, and apply it"),
    ("(Invalid)", "invalid-manifest", "correct the field that the message names"),
    ("(BadRequest)", "invalid-manifest", "correct what the message names"),
    ("(Unauthorized)", "authentication-failed", "log in to the cluster anew: the credentials are missing or too old"),
    ("provide credentials", "authentication-failed", "log in to the cluster anew: the credentials are missing or too old"),
    ("the server doesn't have a resource type", "resource-type-unknown", "kubectl api-resources lists the kinds; correct the name"),
    ("no matches for kind", "resource-type-unknown", "install the CRD first, or correct apiVersion and kind"),
    ("error validating", "invalid-manifest", "correct the field that the message names"),
    ("error parsing", "invalid-manifest", "correct the YAML at that line"),
    ("error converting YAML", "invalid-manifest", "correct the YAML at that line"),
    ("does not exist", "file-not-found", "check the path {name}: it is looked up from the working directory"),
    ("x509: certificate", "certificate-invalid", "correct certificate-authority in the kubeconfig"),
    ("timed out waiting for the condition", "operation-timed-out", "kubectl describe it: the events at the end say what it waits for"),
    ("exceeded its progress deadline", "rollout-stuck", "kubectl describe the pods: the events at the end say why"),
    ("unknown flag: ", "unknown-option", "kubectl COMMAND --help lists the options"),
    ("unknown command", "unknown-command", "kubectl --help lists the commands"),
    ("executable aws not found", "command-not-found", "install the program that the kubeconfig calls for credentials"),
)  # fmt: skip
_KUBECTL_SPEAKS = ("Error from server", "The connection to the server", "Unable to connect to the server", "error: ", "Error in configuration", "Error: unknown flag", 'Error: unknown command "', "The ")  # fmt: skip

_DOCKER_ITSELF = (
    "docker: Cannot",
    "docker: Error",
    "docker: unknown command",
    "docker: invalid reference",
    "docker: error",
    "docker: unknown flag",
)
_KUBECTL_ERRORS = ("the server doesn't have", "the path \"", "context \"", "cannot rename the context", "cannot delete context", "must specify one of -f", "Required resource not", "error loading config file", "You must be logged in", "no context exists", "current-context", "error validating", "error parsing", "error converting YAML", "timed out waiting for the condition", "unable to recognize", "deployment \"", "no configuration has been provided")  # fmt: skip
_LOGS = "kubectl logs POD --previous says why it ended; kubectl describe pod POD shows the events"
_PODS: tuple[Saying, ...] = (
    ("CrashLoopBackOff", "container-crashes", _LOGS),
    ("ImagePullBackOff", "image-not-pulled", "kubectl describe pod POD: correct the image's name, its tag or the pull secret"),
    ("ErrImagePull", "image-not-pulled", "kubectl describe pod POD: correct the image's name, its tag or the pull secret"),
    ("InvalidImageName", "image-not-pulled", "correct the image's name"),
    ("ErrImageNeverPull", "image-not-pulled", "load the image into the node, or change imagePullPolicy"),
    ("OOMKilled", "out-of-memory", "raise resources.limits.memory of that container, or do less at once"),
    ("CreateContainerConfigError", "container-misconfigured", "kubectl describe pod POD: a ConfigMap, a Secret or a key it names is missing"),
    ("CreateContainerError", "container-misconfigured", "kubectl describe pod POD shows what it could not make"),
    ("RunContainerError", "container-misconfigured", "kubectl describe pod POD shows what it could not start"),
    ("FailedScheduling", "not-scheduled", "kubectl describe pod POD: no node has what it asks for"),
)  # fmt: skip


def read_docker(spot: Spot) -> Seen | None:
    """Explain a line of docker's."""
    line = spot.line.strip()
    if not line.startswith(_DOCKER_SPEAKS):
        return None
    if line.startswith(("unknown flag", "unknown shorthand")) and not _is_docker(spot):
        return None
    if line.startswith("Unable to find image"):
        return known(spot, _DOCKER, line, exits=_DOCKER_EXITS, is_echo=True)
    if line.startswith("Error: ") and "No such " not in line:
        return None
    return known(spot, _DOCKER, line, exits=() if "non-zero" in line else _DOCKER_EXITS)


def read_kubectl(spot: Spot) -> Seen | None:
    """Explain a line of kubectl's."""
    line = spot.line.strip()
    if not line.startswith(_KUBECTL_SPEAKS):
        return None
    if line.startswith("error: ") and not _is_kubectl_error(line):
        return None
    if line.startswith("Error: unknown command") and "kubectl" not in line:
        return None
    if line.startswith("Error: unknown flag") and not any("kubectl" in each.line for each in spot.below(3)):
        return None
    if line.startswith("The ") and not line.startswith("The connection to the server"):
        return None
    found = known(spot, _KUBECTL, line, exits=(1,))
    if found is None and line.startswith("Error from server"):
        fix = "kubectl describe it, and read what the server says"
        return seen(spot, "kubectl-failed", line, fix, confidence="likely", exits=(1,))
    return found


def read_pods(spot: Spot) -> Seen | None:
    """Explain a row of `kubectl get pods`, or a reason among its events."""
    line = spot.line.strip()
    words = line.split()
    if len(words) < 3:
        return None
    is_row = "/" in words[1] or (len(words) > 3 and "/" in words[2])
    is_reason = words[0] in ("Reason:", "Warning") or words[0].startswith("Reason=")
    if not (is_row or is_reason):
        return None
    return known(spot, _PODS, " ".join(words), confidence="certain" if is_row else "likely")


def _is_docker(spot: Spot) -> bool:
    return any("docker " in each.line for each in spot.below(5))


def _is_kubectl_error(line: str) -> bool:
    """Whether behind `error: ` stands something that only kubectl says."""
    return line[7:].startswith(_KUBECTL_ERRORS) or "no matches for kind" in line or "Unauthorized)" in line


FAMILIES: tuple[Family, ...] = (
    ((*(mark for mark in _DOCKER_SPEAKS if mark not in ("Error: ", "The command ", "docker: ")), *_DOCKER_ITSELF, "returned a non-zero code"), read_docker),
    (("Error from server", "to the server", "error: ", "Error in configuration", "Error: unknown "), read_kubectl),
    (tuple(mark for mark, _, _ in _PODS), read_pods),
)  # fmt: skip
