"""A cluster's refusals as errors with the next command."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.deployer.kubernetes.refusals import Asked, Conflicting, Stale, refusal, words_of

ASKED = Asked(method="PATCH", what="deployment web", namespace="shop", context="prod")


def status(message="", reason="", causes=()):
    return json.dumps(
        {"kind": "Status", "message": message, "reason": reason, "details": {"causes": list(causes)}}
    ).encode()


FORBIDDEN = (
    'secrets is forbidden: User "system:serviceaccount:shop:ci" cannot create resource "secrets" '
    'in API group "" in the namespace "shop"'
)


@pytest.mark.parametrize(
    ("code", "message", "what", "fix"),
    [
        pytest.param(401, "Unauthorized", "does not know who asks", "log in again", id="no-credentials"),
        pytest.param(403, FORBIDDEN, "the right to create secrets", "auth can-i create secrets", id="role"),
        pytest.param(
            403,
            'deployments.apps "web" is forbidden: ',
            "right to create deployments",
            "can-i create",
            id="to-make",
        ),
        pytest.param(
            403,
            'pods "web" is forbidden: exceeded quota: small, requested: pods=1',
            "refuses deployment web",
            "describe quota",
            id="quota",
        ),
        pytest.param(
            403,
            'pods "web" is forbidden: violates PodSecurity "restricted:latest"',
            "refuses deployment web",
            "--show-labels",
            id="pod-security",
        ),
        pytest.param(
            400,
            'admission webhook "a.b" denied the request: no',
            "refuses",
            "webhookconfigurations",
            id="webhook",
        ),
        pytest.param(
            404,
            'namespaces "shop" not found',
            "no namespace shop",
            "create namespace shop",
            id="no-namespace",
        ),
        pytest.param(
            404,
            "the server could not find the requested resource",
            "does not have",
            "api-resources",
            id="no-api",
        ),
        pytest.param(
            422, "Deployment is invalid: spec.x: Required", "refuses deployment web", "events", id="wrong"
        ),
    ],
)
def test_each_refusal_says_what_to_type_next(code, message, what, fix):
    found = refusal(ASKED, code, status(message))
    assert what in found.what
    assert found.why == message
    assert fix in found.fix
    assert "--context prod" in found.fix or "docs/" in found.fix
    assert found.status == code


def test_a_conflict_says_whose_fields_they_are():
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "helm" using v1',
            "field": ".spec.selector",
        },
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl" using v1',
            "field": ".spec.type",
        },
    ]
    found = refusal(ASKED, 409, status("Apply failed with 2 conflicts", "Conflict", causes))
    assert isinstance(found, Conflicting)
    assert found.fields == ((".spec.selector", "helm"), (".spec.type", "kubectl"))
    assert found.why == "spec.selector is helm's, spec.type is kubectl's"
    assert "conflicts = 'take'" in found.fix


def test_an_object_that_changed_meanwhile_is_no_conflict_of_fields():
    found = refusal(ASKED, 409, status("the object has been modified; please apply your changes", "Conflict"))
    assert isinstance(found, Stale)


def test_secrets_are_taken_out_of_what_a_cluster_says():
    found = refusal(ASKED, 422, status("invalid: hunter2"), lambda text: text.replace("hunter2", "***"))
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b"[1]", b"\xff\xfe", b'{"details": 3}'])
def test_an_answer_that_is_no_status_has_words_all_the_same(body):
    assert "502" in words_of(502, body)[1]
