"""The target's own settings are known, and can be."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.docker.settings import Settings, settings_of
from autoexec_magic.errors import UsageError


def test_what_is_not_said_is_usual():
    """Ten seconds to end, as docker's own."""
    assert settings_of({}) == Settings(container_port=0, stop_seconds=10)
    assert settings_of({"container-port": "8000", "stop-seconds": "0"}) == Settings(
        container_port=8000, stop_seconds=0
    )


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"conteiner-port": "1"}, "did you mean container-port?"),
        ({"zzz": "1"}, "one of container-port, stop-seconds"),
        ({"container-port": "0"}, "1 to 65535"),
        ({"container-port": "70000"}, "1 to 65535"),
        ({"container-port": "http"}, "1 to 65535"),
        ({"container-port": "８０"}, "1 to 65535"),
        ({"stop-seconds": "-1"}, "0 to 3600"),
    ],
)
def test_what_cannot_be_is_refused(options, fix):
    """With what it can be."""
    with pytest.raises(UsageError) as refused:
        settings_of(options)
    assert fix in refused.value.fix
