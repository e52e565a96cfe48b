"""The `docker` target: containers of the Docker Engine, or a Swarm's services, behind a reverse proxy.

What it needs: docker-py (the extra `docker`), and an engine of this machine that
this user may ask (`docker info` works). It asks the engine to inspect, create,
start, stop and remove containers of its own label, to write into them before they
start, to read their logs, to run the gate's command in them, to inspect images, and to
pull one by its digest. Of a Swarm's manager it asks to list, create, update and remove
services and secrets of its own label, to list their tasks, and to read their logs. It
never removes an image, and touches nobody else's containers, services or secrets.

The parts: `bluegreen` (the target), `ways` (containers or a Swarm: chosen there),
`front` (the proxy), `calls` (the engine is asked again), `settings`, `labels` (what
stands on what is ours), `images`, `telling` (logs). By containers: `sidebyside`,
`staging` (they are made), `containers` (what one is), `secretfiles`, `looking` (is it
well), `reading` (what is live). By a Swarm: `swarm`, `swarmstaging`, `swarmspec` (what is
asked for), `swarmservices` (what is there), `swarmsecrets`, `swarmlooks`, `swarmreading`,
`swarmlogs`.
"""

from __future__ import annotations

from .bluegreen import Docker

__all__ = ["Docker"]
