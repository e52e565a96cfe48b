"""From a notebook to containers that are live, by the verb: built, made, switched to, and taken away."""

from __future__ import annotations

import pytest
from deployer.notebooks import note
from deployer.traffic import asking, said
from engines import engine, session_engine  # noqa: F401 (fixtures)

from autoexec_magic import api


@pytest.mark.limit(300)
def test_a_notebook_becomes_containers_that_are_live(engine, tmp_path, monkeypatch):  # noqa: F811
    """Updated without a failed request; what runs is what was built, by its digest."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "project"
    note(folder)
    (folder / "autoexec.toml").touch()
    caller = api.Caller(cwd=folder)
    given = {"target": "docker", "bake": 0.5, "interval": 0.1}
    try:
        [first] = api.deploy("colors.ipynb", given=given, caller=caller).deployed
        standing = api.status("colors", caller=caller)
        assert (standing.unwell, standing.drift) == ("", ())
        assert standing.live.digest == first.release.digest
        assert said(standing.address)["version"] == "green"
        with asking(standing.address) as seen:
            [second] = api.deploy(
                "colors.ipynb", given={**given, "env": {"COLOR": "blue"}}, caller=caller
            ).deployed
        assert seen.failures == []
        assert said(standing.address)["version"] == "blue"
        assert second.release.digest == first.release.digest  # the same image, with another variable
        [third] = api.deploy(
            "colors", given={**given, "image": first.release.spec.reference}, caller=caller
        ).deployed  # the image by its name, nothing is built
        assert third.release.digest == first.release.digest
        assert said(standing.address)["version"] == "green"
    finally:
        api.rollback("colors", to="nothing", caller=caller)
    assert api.status("colors", caller=caller).live is None
    assert engine.client().containers() == []
