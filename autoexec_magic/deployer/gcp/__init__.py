"""The target `gcp`: a service of Cloud Run, through Google's own client.

A release is a revision named `SERVICE-` and the last eight digits of its id. It is
staged with a tag and no traffic, tried at the tag's URL, and gets its traffic by
its name: nothing here ever says "the latest". Revisions do not change, so an
undo names an older one, and all of it is back: image, variables, secrets by
version, resources, probes, instances.

What must be allowed stands in `permissions`. Credentials are Application Default
Credentials; values of secrets go to Secret Manager, and nowhere else.

References
----------
https://cloud.google.com/run/docs/reference/rpc/google.cloud.run.v2
https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration
"""

from __future__ import annotations

from autoexec_magic.deployer.gcp.cloudrun import CloudRun

__all__ = ["CloudRun"]
