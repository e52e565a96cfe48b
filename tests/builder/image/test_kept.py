"""A Dockerfile whose image would keep a password is refused; one that only names it is not."""

from __future__ import annotations

import benches
import pytest

from autoexec_magic.builder import image, source_of
from autoexec_magic.builder.image import kept
from autoexec_magic.errors import BuildError

KEPT = (
    "ENV DB_PASSWORD=hunter2",
    "ENV DB_PASSWORD hunter2 x",
    "ENV A=1 \\\n  API_TOKEN='hunter2'",
    "env db.password=hunter2",
    'ARG TOKEN="hunter2"',
    "LABEL owner.secret=hunter2",
    "ENV URL=postgres://me:hunter2@db/x",
    "RUN pip install -i https://me:hunter2@h.example/simple x",
    "RUN curl https://hunter2@h.example/x",
    'CMD ["run", "--token", "hunter2"]',
    "CMD run --password=hunter2",
    "ONBUILD ENV DB_PASSWORD=hunter2",
    "onbuild arg TOKEN=hunter2",
    "ONBUILD RUN export PASSWORD=hunter2",
    "RUN export PASSWORD=hunter2",
    "RUN --mount=type=cache,target=/x DB_PASSWORD='hunter2 x' make",
    "RUN true && API_TOKEN=hunter2; make",
    'RUN echo "PASSWORD=hunter2" > .env',
    "RUN run --password=hunter2",
    "RUN run --db-password='hunter2'",
    "RUN run --token hunter2",
    "RUN PASSWORD='hun$hunter2' make",
    'RUN ["sh", "-c", "PASSWORD=hunter2 make"]',
)
FINE = (
    "ENV PATH=/usr/bin:$PATH",
    "ARG TOKEN",
    "ENV TOKEN=$TOKEN",
    "ENV PASSWORD_FILE=/run/secrets/x KEY_PATH=/etc/x",
    "ENV GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568",
    "ENV PYTHON_SHA256=0123456789abcdef",
    "LABEL maintainer=me@h.example",
    "RUN git clone git+ssh://git@h.example/x && pip install -i https://${A}:${B}@h.example/x y",
    'CMD ["python", "-m", "x", "--port", "8000"]',
    'CMD ["sh", "-c", "run --token $TOKEN"]',
    'ENV TOKEN=" "',
    "ONBUILD ENV TOKEN=$TOKEN",
    "ONBUILD RUN make",
    "RUN export PASSWORD=$PASSWORD && TOKEN=${TOKEN} make",
    'RUN TOKEN="$(cat /run/secrets/x)" npm ci',
    "RUN TOKEN=`cat /run/x` PASSWORD= make --password=$P --token $T",
    "RUN --mount=type=secret,id=token,env=TOKEN make",
    "RUN adduser --disabled-password app && docker login --password-stdin",
    'RUN test "$TOKEN" = x && sed -i "s/^PASSWORD=.*//" x',
    "RUN PASSWORD_FILE=/run/x TOKEN_PATH=/x make COLOUR=red",
)


@pytest.mark.parametrize("line", KEPT)
def test_a_password_is_refused(tmp_path, line):
    """While it is planned; what it is is not said."""
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\n{line}\n")
    with pytest.raises(BuildError, match="line 2 of the Dockerfile") as caught:
        image.plan(source_of(tmp_path, tmp_path), benches.bench(tmp_path))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("line", FINE)
def test_what_only_names_one_is_not(line):
    """Or what only looks like one."""
    kept.refuse(f"FROM scratch\n{line}\n", "x")
