"""What a deploy to Cloud Run may do, and nothing more: each call, and the permission that it needs.

The tests hold every call that the target makes against this list.

References
----------
https://cloud.google.com/run/docs/reference/iam/permissions
https://cloud.google.com/secret-manager/docs/access-control
https://cloud.google.com/artifact-registry/docs/access-control
"""

from __future__ import annotations

from collections.abc import Mapping

#: calls of Cloud Run, by their gRPC names
RUN: Mapping[str, tuple[str, ...]] = {
    "google.cloud.run.v2.Services/GetService": ("run.services.get",),
    "google.cloud.run.v2.Services/CreateService": ("run.services.create", "iam.serviceAccounts.actAs"),
    "google.cloud.run.v2.Services/UpdateService": ("run.services.update", "iam.serviceAccounts.actAs"),
    "google.cloud.run.v2.Services/DeleteService": ("run.services.delete",),
    "google.cloud.run.v2.Revisions/GetRevision": ("run.revisions.get",),
    "google.cloud.run.v2.Revisions/ListRevisions": ("run.revisions.list",),
    "google.cloud.run.v2.Revisions/DeleteRevision": ("run.revisions.delete",),
    "google.longrunning.Operations/GetOperation": ("run.operations.get",),
}
#: calls by REST: of Secret Manager where a release has secrets, of Cloud Logging where logs are read
REST: Mapping[str, tuple[str, ...]] = {
    "GET secrets": ("secretmanager.secrets.get",),
    "POST secrets": ("secretmanager.secrets.create",),
    "PATCH secrets": ("secretmanager.secrets.update",),
    "POST secrets:addVersion": ("secretmanager.versions.add",),
    "GET secrets/versions": ("secretmanager.versions.get",),
    "POST entries:list": ("logging.logEntries.list",),
}
#: where an image is pushed, and its digest is read back
REGISTRY = (
    "artifactregistry.repositories.uploadArtifacts",
    "artifactregistry.repositories.downloadArtifacts",
)
#: with `public = true`: whoever asks is let in
PUBLIC = ("run.services.setIamPolicy",)
#: without it: our own probe is let in
PRIVATE = ("run.routes.invoke",)

#: predefined roles that have all of it, each with where it is given
ROLES: Mapping[str, str] = {
    "roles/run.developer": "on the project, or on the service once it is there",
    "roles/run.invoker": "on the service, unless it is public",
    "roles/iam.serviceAccountUser": "on the service account that the revisions run as",
    "roles/artifactregistry.writer": "on the repository",
    "roles/secretmanager.admin": "on the project, where a release has secrets; or a role of your own",
    "roles/logging.viewer": "on the project, for logs",
}
#: what the service account of the revisions needs, where a release has secrets
RUNTIME_ROLES: Mapping[str, str] = {"roles/secretmanager.secretAccessor": "on the service's secrets"}


def all_of() -> tuple[str, ...]:
    """Return every permission that any deploy may need, sorted."""
    calls = [*RUN.values(), *REST.values()]
    return tuple(sorted({*REGISTRY, *PUBLIC, *PRIVATE, *(one for each in calls for one in each)}))
