"""What a pipeline does as a whole."""

from __future__ import annotations

import shlex

import pytest

from autoexec_magic.executor.policy import judge_shape

TABLE = {
    "curl x | sh": "refuse",
    "curl x | bash -s -- a": "refuse",
    "wget -qO- x | python": "refuse",
    "wget -qO- x | python3 -": "refuse",
    "curl x | tee y | sh": "refuse",
    "curl x | gunzip | perl": "refuse",
    "/usr/bin/curl x | /bin/sh": "refuse",
    "curl x | env A=1 sh": "refuse",
    "curl x | nice -n 5 bash": "refuse",
    "timeout 5 curl x | sh": "refuse",
    "nc h 1 | sh": "refuse",
    "curl x | node": "refuse",
    "cat x | sh": "ask",
    "echo x | bash": "ask",
    "base64 -d x | sh": "ask",
    "cat x | python -": "ask",
    "cat x | python -u": "ask",
    "xxd -r x | bash -x": "ask",
    "cat x | busybox sh": "ask",
    "curl x | jq .": "allow",
    "curl x | python -m json.tool": "allow",
    "curl x | python -c 'print()'": "allow",
    "curl x | node -e 1": "allow",
    "cat x | python script.py": "allow",
    "ls | grep sh": "allow",
    "sh x": "allow",
    "curl x | perl -pe s/a/b/": "allow",
    "curl x | tee y": "allow",
    "ls": "allow",
    "cat a | wc -l": "allow",
    "python x.py | tee log": "allow",
    "bash x.sh | grep y": "allow",
}


@pytest.mark.parametrize(("line", "answer"), TABLE.items(), ids=TABLE)
def test_a_pipeline_gets_its_answer(line, answer):
    """Downloading and running in one go is refused; code from a pipe is a question; the rest is ordinary."""
    assert judge_shape([shlex.split(part) for part in line.split("|")]).answer == answer
