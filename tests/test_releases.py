"""The verbs of a deploy as functions: a notebook goes live on this machine, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import beds
import pytest
from deployer.notebooks import APP, note
from deployer.traffic import said
from prometheus import Measured, measured, prometheus

from autoexec_magic import api, config
from autoexec_magic.errors import DeployError, RolledBack, UsageError
from autoexec_magic.events import Recorded, Released, Stepped

BROKEN = APP.replace(
    "import json, os", "import json, os, sys\nif 'PORT' in os.environ: sys.exit('no database')"
)
__all__ = ["Measured", "measured", "prometheus"]
QUICK = {"bake": 0.2, "interval": 0.1}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Iterator[Path]:
    """Return a project with the notebook in it; what it deploys is taken away."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "project"
    note(folder)
    (folder / "pyproject.toml").touch()
    monkeypatch.chdir(folder)
    yield folder
    from autoexec_magic.deployer.serving.client import Serving

    for each in (tmp_path / "data" / "local").glob("*/serving"):
        Serving(each).end()


def deploy(what: str = "colors.ipynb", caller: api.Caller = api.PYTHON, **given: object) -> api.Report:
    """Deploy with a short gate."""
    return api.deploy(what, given={**QUICK, **given}, caller=caller)


def test_a_notebook_goes_live_and_back(project):
    """Each release by its evidence; the rollback goes through the same gate, and all is on record."""
    heard = []
    first = deploy(caller=api.Caller(emit=heard.append)).deployed[0]
    assert [each.deployed for each in heard if isinstance(each, Released)] == [first]
    assert [each.label for each in heard if isinstance(each, Stepped) and each.phase == "deploy"] == [
        *("stage", "try", "switch", "gate", "read back")
    ]
    assert any(isinstance(each, Recorded) and each.row == "deploy" for each in heard)
    standing = api.status("colors")
    assert (standing.live.release_id, standing.unwell, standing.drift) == (first.release.release_id, "", ())
    assert said(standing.address)["version"] == "green"
    deploy(env={"COLOR": "blue"})
    assert said(standing.address)["version"] == "blue"
    assert [each.is_live for each in api.releases("colors")] == [True, False]
    back = api.rollback("colors").deployed[0]
    assert back.release.release_id == first.release.release_id
    assert said(standing.address)["version"] == "green"
    assert any("listening on http://127.0.0.1" in line for line in api.logs("colors"))
    assert api.rollback("colors", to="nothing").deployed[0].code == "withdrawn"
    assert api.status("colors").live is None


@pytest.mark.limit(300)
def test_a_canary_is_judged_by_what_a_real_server_measures(project, measured):
    """Too many errors take it back; none let it through, and a rollback does not ask."""
    deploy()
    address = api.status("colors").address
    canary = {"canary": [50], "step": 0.2, "samples": 2, "hold": 120, "prometheus": measured.url}
    canary |= {"successes": 1}
    canary |= {"query": 'errors{service="$service"}', "query-most": 0.1}
    measured.values['errors{service="colors"}'] = 0.5
    with pytest.raises(RolledBack, match="is live again") as caught:
        deploy(env={"COLOR": "red"}, failures=1, **canary)
    assert "the query says 0.5, and at most 0.1 is well" in caught.value.why
    assert said(address)["version"] == "green"
    measured.values['errors{service="colors"}'] = 0.0
    deploy(env={"COLOR": "blue"}, **canary)
    assert said(address)["version"] == "blue"
    measured.values['errors{service="colors"}'] = 0.5
    api.rollback("colors", given={**QUICK, **canary})
    assert said(address)["version"] == "green"


def test_a_dry_run_refuses_what_a_deploy_would(project):
    """Another port than people reach it at."""
    deploy()
    port = int(api.status("colors").address.rpartition(":")[2].strip("/"))
    with pytest.raises(UsageError, match=f"on port {port} already"):
        api.deploy("colors.ipynb", given={**QUICK, "port": port + 1}, dry_run=True)
    assert api.deploy("colors.ipynb", given={**QUICK, "port": port}, dry_run=True).verdict == "passed"


def test_a_dry_run_refuses_a_canary_that_a_deploy_would(project, monkeypatch):
    """As beside an autoscaler: here too nothing is begun by saying so."""
    from autoexec_magic.deployer.local import Local

    def refused(target, release):
        raise DeployError("it cannot have a part of the traffic")

    deploy()
    monkeypatch.setattr(Local, "check_split", refused, raising=False)
    with pytest.raises(DeployError, match="a part of the traffic"):
        api.deploy("colors.ipynb", given={**QUICK, "canary": [10]}, dry_run=True)
    assert api.deploy("colors.ipynb", given=QUICK, dry_run=True).verdict == "passed"


def test_the_platform_is_asked_also_where_the_record_cannot_be_read(project):
    """What is live does not hang on what was written down."""
    deploy()
    ledger = project.parent / "data" / "ledger.db"
    for each in ledger.parent.glob("ledger.db-*"):
        each.unlink()
    ledger.write_bytes(b"no ledger " * 1000)
    found = api.status("colors.ipynb")
    assert said(found.address)["version"] == "green"
    assert found.live.release_id
    assert "is damaged" in found.unread


def test_a_canary_whose_server_is_not_there_changes_nothing(project):
    """Nor one whose token is not: both are told before anything is."""
    deploy()
    canary = {"canary": [50], "prometheus": "http://127.0.0.1:1", "query": "x", "query-most": 1}
    with pytest.raises(DeployError) as caught:
        deploy(env={"COLOR": "red"}, **canary)
    assert not isinstance(caught.value, RolledBack)
    assert "Connection refused" in caught.value.why
    assert any("nothing was changed" in line for line in caught.value.evidence)
    with pytest.raises(UsageError, match="the secret query-token is not there"):
        deploy(env={"COLOR": "red"}, **canary, **{"query-token": "env:NO_SUCH_TOKEN"})
    assert said(api.status("colors").address)["version"] == "green"


def test_what_does_not_start_never_gets_a_request(project):
    """The cell that failed is in the evidence."""
    deploy()
    address = api.status("colors").address
    note(project, source=BROKEN)
    with pytest.raises(RolledBack) as caught:
        deploy()
    assert any("no database" in line for line in caught.value.evidence)
    assert said(address)["version"] == "green"
    newest = api.releases("colors")[0].deployed
    assert (newest.code, newest.is_good) == ("rolled-back", False)
    with pytest.raises(UsageError, match="no release of colors to go back to"):
        api.rollback("colors")


def test_a_dry_run_says_what_would_change_and_changes_nothing(project):
    """Not the ledger, not the folder, not what is live."""
    found = deploy(env={"COLOR": "blue"})
    before = (len(api.ledger_rows(limit=None)), sorted(project.rglob("*")))
    live = api.status("colors").live.release_id
    changes = api.deploy("colors.ipynb", given={"env": {"COLOR": "red"}}, dry_run=True).changes
    assert {(each.name, each.now, each.new) for each in changes} == {("env.COLOR", "blue", "red")}
    assert (len(api.ledger_rows(limit=None)), sorted(project.rglob("*"))) == before
    assert api.status("colors").live.release_id == live
    assert found.deployed[0].release.release_id == live


def test_a_dry_run_before_the_first_release(project):
    """Everything is new; nothing is started for it."""
    changes = api.deploy("colors.ipynb", dry_run=True).changes
    assert {each.name for each in changes} >= {"artifact", "digest", "replicas"}
    assert not (config.data_dir() / "local").exists()
    assert api.ledger_rows(kind="deploy") == []


def test_no_secret_and_no_home_is_on_the_ledger(project, monkeypatch):
    """The secret's value is where the service is, and its version on record."""
    monkeypatch.setenv("API_TOKEN", "a-very-secret-value-123")
    report = deploy(secrets={"API_TOKEN": "env:API_TOKEN"})
    assert said(api.status("colors").address)["token"] == 23
    [secret] = report.deployed[0].release.spec.secrets
    assert (secret.reference, len(secret.version)) == ("env:API_TOKEN", 16)
    for path in config.data_dir().rglob("*"):
        if path.is_file() and path.name != "secrets.json":
            assert b"a-very-secret-value-123" not in path.read_bytes()
    rows = json.dumps([dict(row.body) for row in api.ledger_rows(kind="deploy", limit=None)])
    assert str(project) not in rows


def test_a_secret_on_the_line_is_refused(project):
    """It would be written down."""
    with pytest.raises(UsageError, match="looks like a secret") as caught:
        deploy(env={"API_TOKEN": "a-very-secret-value-123"})
    assert "a-very-secret-value-123" not in str(caught.value)


def test_another_project_does_not_take_a_services_place(project, tmp_path):
    """The names are the same, the projects are not."""
    deploy()
    other = tmp_path / "other"
    note(other)
    (other / "pyproject.toml").touch()
    with pytest.raises(DeployError, match="another project has a service colors"):
        deploy(str(other / "colors.ipynb"), caller=api.Caller(cwd=other))
    assert said(api.status("colors").address)["version"] == "green"


def test_what_is_described_is_deployed_by_its_name(project):
    """With its settings; those of the line win."""
    (project / "pyproject.toml").write_text(
        "[tool.autoexec.deploy.web]\npath = 'colors.ipynb'\nenv = {COLOR = 'teal'}\n"
        "bake = 0.2\ninterval = 0.1\n"
    )
    assert api.deploy().deployed[0].release.service == "web"
    assert said(api.status("web").address)["version"] == "teal"


@pytest.mark.parametrize(
    ("call", "match"),
    [
        pytest.param(lambda: api.deploy("colours"), "there is no service", id="unknown"),
        pytest.param(lambda: api.deploy("colors.ipynb", resume=True, abort=True), "not both", id="both"),
        pytest.param(lambda: deploy(replicas=-1), "replicas", id="replicas"),
        pytest.param(lambda: deploy(health="no path"), "health", id="health"),
        pytest.param(lambda: deploy(artifact="image"), "local takes no image", id="artifact"),
        pytest.param(lambda: deploy(canary=[50, 10]), "canary steps", id="canary"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_built(project, call, match):
    """With what to type."""
    with pytest.raises(UsageError, match=match) as caught:
        call()
    assert caught.value.fix
    assert not (project / "dist").exists()


@pytest.mark.parametrize("words", [{"resume": True}, {"abort": True}, {"break_lock": "it hangs"}])
def test_a_dry_run_of_what_changes_something_is_refused(project, words):
    """It would not be one."""
    with pytest.raises(UsageError, match="a dry run changes nothing"):
        api.deploy("colors.ipynb", dry_run=True, **words)
    assert api.ledger_rows(kind="deploy") == []


def test_there_is_nothing_to_resume_or_abort(project):
    """It says so."""
    for words in ({"resume": True}, {"abort": True}):
        with pytest.raises(DeployError, match="left half done"):
            api.deploy("colors.ipynb", **words)


def test_what_listens_to_nothing_is_no_service(project):
    """A notebook that runs to its end is a script."""
    note(project, source="def main():\n    print('done')\n")
    with pytest.raises(DeployError, match="makes nothing that listens"):
        deploy()


SERVES = """
import http.server, os, pear

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"version": "%d"}' % pear.VALUE
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.mark.limit(180)
def test_a_wheel_is_served_by_its_command(project):
    """Built of the project, installed into the release's own environment, whose Python it names."""
    bed = beds.Bed(project, "pear").own()
    caller = api.Caller(cwd=bed.folder)
    command = ["python", "-c", SERVES]
    [done] = api.deploy(given={**QUICK, "command": command}, caller=caller).deployed
    assert done.release.spec.artifact == "wheel"
    standing = api.status("pear", caller=caller)
    assert (standing.unwell, said(standing.address)["version"]) == ("", "1")
    with pytest.raises(DeployError, match="nobody says what pear runs"):
        api.deploy(given=QUICK, caller=caller)
    assert said(standing.address)["version"] == "1"
