"""What is live, read off a revision: whose it is, what it runs, and what only its name proves."""

from __future__ import annotations

from deployer.gcp.planes import AT, DIGEST, release
from google.cloud import run_v2

from autoexec_magic.deployer import fields_of as spec_fields_of
from autoexec_magic.deployer.gcp.place import revision_of
from autoexec_magic.deployer.gcp.reading import digest_of, fields_of, is_ours, release_on
from autoexec_magic.deployer.gcp.template import template_of
from autoexec_magic.releasefacts import Gate, Secret

IMAGE_ID = f"sha256:{'c' * 64}"


def revision(made, *, name="", image=AT, written=""):
    template = template_of(
        made, written or image, {each.name: ("web-KEY", "3") for each in made.spec.secrets}
    )
    found = run_v2.Revision(
        name=f"projects/p/locations/l/services/web/revisions/{name or revision_of(made)}",
        annotations=dict(template.annotations),
        scaling=template.scaling,
        containers=list(template.containers),
        service_account=template.service_account,
        max_instance_request_concurrency=template.max_instance_request_concurrency,
    )
    found.containers[0].image = image
    return found


def test_it_is_as_it_was_deployed():
    """Field by field, and the whole release."""
    secret = Secret(name="KEY", reference="env:K", version="0123456789abcdef")
    made = release(
        command=("python", "-m", "web"),
        port=9000,
        environment=(("A", "1"),),
        secrets=(secret,),
        replicas=2,
        memory_bytes=1 << 30,
        cpus=2.0,
        gate=Gate(path="/health"),
        options=(("concurrency", "5"), ("max-instances", "7"), ("service-account", "a@b")),
    )
    found = revision(made)
    assert fields_of(found, None, made) == spec_fields_of(made.spec)
    assert release_on(found, "web") == made


def test_a_copy_under_another_name_is_not_ours():
    """The console copies all that stands on a template, our words too."""
    made = release()
    copied = revision(made, name="web-00007-abc")
    assert not is_ours(copied, "web")
    assert release_on(copied, "web") is None
    assert is_ours(revision(made), "web")
    assert not is_ours(run_v2.Revision(name="x/revisions/web-"), "web")


def test_the_digest_is_that_of_what_runs():
    """The artifact's where its manifest is the one that we pushed, else what stands there."""
    made = release(reference="web:1", digest=IMAGE_ID)
    assert digest_of(revision(made)) == IMAGE_ID
    other = AT.replace("a" * 64, "e" * 64)
    assert digest_of(revision(made, image=other, written=AT)) == f"sha256:{'e' * 64}"
    assert digest_of(revision(made, image="web:latest", written=AT)) == ""
    assert digest_of(revision(release())) == DIGEST


def test_a_secret_that_somebody_else_added_is_known_by_its_name():
    """And its number."""
    found = revision(release())
    chosen = run_v2.SecretKeySelector(secret="other", version="9")
    found.containers[0].env.append(
        run_v2.EnvVar(name="KEY", value_source=run_v2.EnvVarSource(secret_key_ref=chosen))
    )
    assert fields_of(found, None, None)["secret.KEY"] == "other (9)"
