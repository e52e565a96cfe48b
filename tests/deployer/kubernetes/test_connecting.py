"""Which cluster is meant, and as whom."""

from __future__ import annotations

import importlib.util
import sys

import pytest
from kubes import kubeconfig
from skips import requires

from autoexec_magic.deployer.kubernetes.connecting import connected
from autoexec_magic.errors import MissingTool, UsageError


@pytest.fixture(autouse=True)
def _needs_the_client():
    requires(importlib.util.find_spec("kubernetes"), "the client is not installed", "pip install kubernetes")


def test_a_client_that_is_not_installed_is_told_with_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(MissingTool, match="client is not installed") as raised:
        connected(variables=kubeconfig(tmp_path, 1))
    assert "autoexec-magic[kubernetes]" in raised.value.fix


def test_the_context_says_which_namespace(tmp_path):
    variables = kubeconfig(tmp_path, 1)
    assert (connected(variables=variables).namespace, connected(variables=variables).context) == (
        "shop",
        "here",
    )
    assert connected(variables=variables, context="there").namespace == "default"
    assert connected(variables=variables, namespace="mine").namespace == "mine"


def test_several_kubeconfigs_are_read_as_kubectl_reads_them(tmp_path):
    variables = kubeconfig(tmp_path, 1)
    listed = f"{tmp_path / 'not there'}:{variables['KUBECONFIG']}"
    assert connected(variables={"KUBECONFIG": listed}).namespace == "shop"


@pytest.mark.parametrize("name", ["missing", "folder/missing"])
def test_no_kubeconfig_is_one_clear_error(tmp_path, name):
    with pytest.raises(UsageError, match="there is no kubeconfig") as raised:
        connected(variables={"KUBECONFIG": str(tmp_path / name)})
    assert "KUBECONFIG" in raised.value.fix


def test_a_pod_without_an_account_is_told(tmp_path):
    inside = {"KUBECONFIG": str(tmp_path / "none"), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    with pytest.raises(UsageError, match="this pod has no account"):
        connected(variables=inside)


def test_an_unknown_context_is_told_with_those_that_there_are(tmp_path):
    with pytest.raises(UsageError, match="no context nowhere") as raised:
        connected(variables=kubeconfig(tmp_path, 1), context="nowhere")
    assert raised.value.why == "it has here, there"
    assert raised.value.fix == "kubectl config get-contexts"


@pytest.mark.parametrize("text", ["", "{", "a: [", "[]", "current-context: x", "3"])
def test_a_kubeconfig_that_is_none_is_told(tmp_path, text):
    (tmp_path / "config").write_text(text)
    with pytest.raises(UsageError, match="cannot be read"):
        connected(variables={"KUBECONFIG": str(tmp_path / "config")})
