"""The cluster's own settings of a service."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.kubernetes.settings import KNOWN, options_of
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Spec


def spec(port: int = 0, **environment: str) -> Spec:
    return Spec(
        artifact="image", reference="a", digest="b", port=port, environment=tuple(environment.items())
    )


def test_an_unknown_setting_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean namespace"):
        options_of({"namespce": "web"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("namespace", "Web"),
        ("namespace", "a/b"),
        ("container-port", "0"),
        ("container-port", "65536"),
        ("container-port", "http"),
        ("service-type", "LoadBalancer"),
        ("image-pull-secret", "Not A Name"),
        ("user", "0"),
        ("user", "root"),
        ("conflicts", "ask"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_what_it_is(key, value):
    with pytest.raises(UsageError) as raised:
        options_of({key: value})
    assert repr(value) in raised.value.what
    assert KNOWN[key] in raised.value.fix


def test_nothing_said_is_a_service_inside_the_cluster():
    found = options_of({})
    assert (found.service_type, found.conflicts, found.namespace, found.user) == (
        "ClusterIP",
        "refuse",
        "",
        0,
    )


@pytest.mark.parametrize(
    ("given", "of", "inside", "outside"),
    [
        pytest.param({}, spec(), 8000, 8000, id="nothing-said"),
        pytest.param({}, spec(8080), 8080, 8080, id="the-same-inside"),
        pytest.param({}, spec(80), 8000, 80, id="no-user-may-listen-below-1024"),
        pytest.param({"container-port": "5000"}, spec(80), 5000, 80, id="said"),
        pytest.param({}, spec(80, PORT="7000"), 7000, 80, id="its-own-variable"),
        pytest.param({}, spec(80, PORT="http"), 8000, 80, id="a-variable-that-is-no-port"),
    ],
)
def test_where_a_container_listens(given, of, inside, outside):
    found = options_of(given)
    assert (found.port_inside(of), found.port_outside(of)) == (inside, outside)


def test_a_port_is_one_of_the_nodes_only_where_it_can_be():
    asked = options_of({"service-type": "NodePort"})
    assert [asked.node_port(spec(port)) for port in (80, 30_080, 32_768)] == [0, 30_080, 0]
    assert options_of({}).node_port(spec(30_080)) == 0
