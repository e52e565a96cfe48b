"""What a deploy to a Docker Engine asks it for, and nothing more: each call, and why.

For a proxy in front of the engine's socket that lets only some calls through: who may ask an engine for
anything may do anything on its machine. `*` stands for one container or image; the version of the API
is left out. The tests hold every call that the target makes against this list.

References
----------
https://docs.docker.com/reference/api/engine/
"""

from __future__ import annotations

from collections.abc import Mapping

CALLS: Mapping[str, str] = {
    "GET /version": "which version of the API both speak",
    "GET /info": "whether it manages a Swarm",
    "GET /images/*/json": "the image is there, and what it is",
    "POST /images/create": "it is pulled, by its digest, where it is not",
    "GET /containers/json": "the containers of the service, by their label",
    "GET /containers/*/json": "what one is, and how it fares",
    "POST /containers/create": "a release's containers",
    "PUT /containers/*/archive": "a secret's file, before the container is started",
    "GET /containers/*/archive": "the value of a version that an undo needs, and nobody else has",
    "POST /containers/*/start": "a release is staged",
    "POST /containers/*/unpause": "somebody paused it",
    "POST /containers/*/stop": "it is not live any more",
    "DELETE /containers/*": "it is not needed for a rollback any more",
    "GET /containers/*/logs": "its last words, and `logs`",
    "POST /containers/*/exec": "a gate that is a command, run inside",
    "POST /exec/*/start": "the same",
    "GET /exec/*/json": "the same: how it ended",
}

#: what is asked in their place at a Swarm's manager
SWARM_CALLS: Mapping[str, str] = {
    "GET /services": "a release's services, by their label",
    "GET /services/*": "what one is, and whether somebody changed it",
    "GET /tasks": "how it fares",
    "POST /services/create": "a release's services",
    "POST /services/*/update": "a release is staged, or not live any more: how many tasks it has",
    "DELETE /services/*": "it is not needed for a rollback any more",
    "GET /services/*/logs": "its last words, and `logs`",
    "GET /secrets": "which versions of its secrets are there; no value is ever told",
    "POST /secrets/create": "a version that is not",
    "DELETE /secrets/*": "one that no service needs",
}
