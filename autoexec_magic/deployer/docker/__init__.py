"""The `docker` target: containers of the Docker Engine, behind a reverse proxy on this machine.

What it needs: docker-py (the extra `docker`), and an engine of this machine that
this user may ask (`docker info` works). It asks the engine to inspect, create,
start, stop and remove containers of its own label, to write into them before they
start, to read their logs, to run the gate's command in them, to inspect images, and to
pull one by its digest. It never removes an image, and touches nobody else's
containers.

The parts: `bluegreen` (the target), `staging` (containers are made), `containers`
(what one is), `labels` (what stands on it), `images`, `secretfiles`, `looking` (is it
well), `reading` (what is live), `front` (the proxy), `telling` (logs), `calls` (the
engine is asked again), `settings`.
"""

from __future__ import annotations

from .bluegreen import Docker

__all__ = ["Docker"]
