"""Who set which fields of an object."""

from __future__ import annotations

from autoexec_magic.deployer.kubernetes.owners import others_of


def managed(*entries):
    return {"metadata": {"managedFields": list(entries)}}


def entry(manager, fields, **more):
    return {"manager": manager, "fieldsV1": fields, **more}


def test_our_own_fields_and_what_the_cluster_notes_are_nobody_elses():
    found = managed(
        entry("autoexec-magic", {"f:spec": {"f:replicas": {}}}),
        entry("kube-controller-manager", {"f:status": {"f:replicas": {}}}),
        entry("kube-controller-manager", {"f:metadata": {"f:annotations": {"f:x": {}}}}),
        entry("other", {"f:spec": {"f:replicas": {}}}, subresource="status"),
    )
    assert others_of(found) == ()


def test_a_field_in_a_list_is_named_by_its_key():
    key = 'k:{"name":"web"}'
    template = {"f:template": {"f:spec": {"f:containers": {key: {".": {}, "f:image": {}}}}}}
    (found,) = others_of(managed(entry("kubectl-set", {"f:spec": template}, time="2026-01-02T03:04:05Z")))
    assert found.fields == ('spec.template.spec.containers[{"name":"web"}].image',)
    assert found.at == "2026-01-02T03:04:05Z"
    assert found.shown.startswith("kubectl-set set spec.template")


def test_many_fields_are_counted():
    fields = {f"f:field{number}": {} for number in range(5)}
    (found,) = others_of(managed(entry("helm", {"f:spec": fields})))
    assert found.shown == "helm set spec.field0, spec.field1, spec.field2 and 2 more"


def test_an_object_without_managers_has_none():
    assert others_of({}) == ()
    assert others_of({"metadata": {"managedFields": None}}) == ()
