"""Python in the command line: what is provably harmless, and the ways round the list that were tried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.executor.policy.found import Found
from autoexec_magic.executor.policy.pythoncode import python

HARMLESS = [
    "import sys; print(sys.stdout.isatty(), file=sys.stderr)",
    "import os; print(os.getpid(), input())",
    "import pandas as pd; print(pd.read_csv('a.csv').groupby('x').agg(['mean', 'sum']))",
    "import statistics; print(statistics.mean([1, 2]))",
    "print(1 + 1)",
    "import sys; print(sys.version)",
    "import sys; print(*sys.path, sep='\\n')",
    "import numpy; print(numpy.__version__)",
    "import numpy as np; print(np.random.rand(3).mean())",
    "import torch; print(torch.__version__, torch.cuda.is_available())",
    "import tensorflow as tf; print(tf.config.list_physical_devices('GPU'))",
    "import pandas as pd; print(pd.read_csv('a.csv').head())",
    "import json, sys; print(json.load(sys.stdin)['a'])".replace("sys.stdin)", "open('a.json'))"),
    "import sys, json\nfor line in sys.stdin.readlines():\n    print(json.loads(line)['x'])",
    "from datetime import date; print(date.today().isoformat())",
    "import platform; print(platform.python_version())",
    "import os; print(os.getcwd(), os.cpu_count())",
    "from pathlib import Path; print(Path('a.txt').read_text())",
    "with open('a.txt', encoding='utf-8') as f:\n    print(len(f.read()))",
    "print([x * 2 for x in range(3) if x], {1: 2}, (lambda a: a)(3), f'{1:>3}')",
    "import math; print(math.sqrt(2))",
    "import mypackage; print(mypackage.__file__)",
    "import uuid; print(uuid.uuid4())",
    "import hashlib; print(hashlib.sha256(open('a', 'rb').read()).hexdigest())",
    "import urllib.parse; print(urllib.parse.quote('a b'))",
    "from importlib.metadata import version; print(version('numpy'))",
    "raise SystemExit(3)",
    "open('a.txt', 'w').write('x')",
    "with open('a.csv', mode='a') as f:\n    print(1, 2, file=f)",
    "import json; json.dump({'a': 1}, open('a.json', 'w'))",
]
DOUBTFUL = [
    "import operator; from pathlib import Path; operator.truediv(Path('/home/u'), '.x').read_text()",
    "import functools, operator; functools.reduce(operator.truediv, [1, 2])",
    "from pathlib import Path; Path('.env/x').parent.read_text()",
    "import pandas as pd; pd.DataFrame([1]).agg('to_csv', 0, '/opt/x')",
    "import pandas as pd; pd.DataFrame([1]).agg('eval')",
    "import pandas as pd; pd.DataFrame([1]).agg(['to_csv'])",
    "import pandas as pd; pd.DataFrame([1]).agg(func='to_csv')",
    "import pandas as pd; f = pd.DataFrame([1]).agg; f('to_csv', 0, '/opt/x')",
    "import pandas as pd; f = pd.DataFrame([1]).to_string; f('/opt/x')",
    "import statistics; statistics.sys.exit()",
    "from statistics import sys; print(sys)",
    "open('a\\x00')",
    "open('\\ud800')",
    "import os; os.system('id')",
    "__import__('os').system('id')",
    "import subprocess",
    "from os import system",
    "import os as o; o.popen('id')",
    "eval('1')",
    "exec('1')",
    "open('a', 'w')",
    "open('a', mode='w')",
    "open('json.py', 'w').write('x'); import json",
    "open('a.pth', 'w')",
    "open('a.txt', 'r+')",
    "open('a.txt', 'w', opener=print)",
    "open('a' + '.txt', 'w')",
    "open(*['a', 'w'])",
    "open('a' + 'b')",
    "open(chr(97))",
    "f = open; f('a', 'w')",
    "print('x', file=open('a', 'w'))",
    "().__class__.__base__.__subclasses__()",
    "getattr(1, 'real')",
    "import sys; sys.modules['os'].system('id')",
    "import sys; x = sys; x.modules",
    "import os; x = os; x.remove('a')",
    "[o.remove('a') for o in [__import__('os')]]",
    "import os; print(os.environ)",
    "import os\n(lambda o: o.remove('a'))(os)",
    "import sys; sys.path.insert(0, '/tmp'); import evil",
    "import sys; p = sys.path; p.append('/tmp'); import evil",
    "import sys; sys.path += ['/tmp']; import evil",
    "import sys; sys.path[0:0] = ['/tmp']; import evil",
    "from sys import path; path.append('/tmp'); import evil",
    "from pathlib import Path; Path('a').write_text('x')",
    "from pathlib import Path; Path('a').replace('b')",
    "from pathlib import Path; print((Path('/home') / 'x/.ssh/id').read_text())",
    "from pathlib import Path as P; q = P; q('a' + 'b').read_text()",
    "import pathlib; print(list(map(pathlib.Path, ['a'])))",
    "import pandas as pd; f = pd.read_csv; f('a' + 'b')",
    "import pandas as pd; pd.read_csv('a').to_csv('b')",
    "import pandas as pd; pd.read_csv('a').to_string('b')",
    "import pandas as pd; pd.read_csv('a').to_string(buf='b')",
    "import pandas as pd; pd.show_versions('b')",
    "import pandas as pd; pd.read_pickle('a')",
    "import pandas as pd; pd.read_csv('ftp://e.org/x')",
    "import numpy as np; np.load('a', allow_pickle=True)",
    "import numpy as np; np.savetxt('a', [1])",
    "import numpy as np; np.testing.assert_",
    "print = open; print('a', 'w')",
    "import json as len; len.x",
    "import shutil; shutil.rmtree('a')",
    "import socket; socket.socket()",
    "import ctypes",
    "import pickle",
    "import urllib.request; urllib.request.urlopen('x')",
    "from urllib import request",
    "import importlib; importlib.import_module('os')",
    "import json; json.decoder.scanner",
    "import platform; platform.subprocess.run('id')",
    "'{0.__class__}'.format(1)",
    "def f(): pass",
    "class A: pass",
    "@print\ndef f(): pass",
    "async def f(): pass",
    "global x",
    "del x",
    "import x; x.y.z()",
    "from x import *",
    "from . import x",
    "breakpoint()",
    "x.real = 1",
    "match 1:\n    case 1: pass",
    "print(",
    "(" * 500,
    "1\0",
    "a" * 20_000,
    "for __builtins__ in []: pass\n__builtins__.x",
    "try:\n    1 / 0\nexcept Exception as e:\n    print(e.__traceback__.tb_frame)",
]


def judged(text: str) -> Found:
    """Return what is found in a program."""
    found = Found()
    python(text, found)
    return found


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_computes_or_tells_may_run(text):
    """What people type to see a version, a number, a file."""
    assert judged(text).answer == "allow", judged(text).why


@pytest.mark.parametrize("text", DOUBTFUL, ids=lambda text: repr(text[:60]))
def test_what_could_do_more_is_a_question(text):
    """Whatever way leads there: another name, an attribute, a container, a path joined as it runs."""
    found = judged(text)
    assert found.answer == "ask"
    assert found.why


def test_files_that_are_read_are_told():
    """Layer 4 says whether they may be; an address is told as one."""
    found = judged("import pandas as pd\nopen('a')\npd.read_csv('b.csv')\npd.read_csv('https://e.org/c.csv')")
    assert found.reads == ["a", "b.csv"]
    assert judged("open('../a.txt', 'w')").writes == ["../a.txt"]
    assert found.urls == ["https://e.org/c.csv"]
    assert judged("from pathlib import Path; Path('.env').read_text()").reads == [".env"]


@given(st.text(max_size=60))
def test_no_text_raises(text):
    """Whatever is typed, there is an answer."""
    assert judged(text).answer in ("allow", "ask")


@given(st.sampled_from(DOUBTFUL), st.sampled_from(HARMLESS))
def test_harmless_code_beside_it_makes_nothing_harmless(bad, good):
    """A doubt stays one, before and after."""
    assert judged(f"{good}\n{bad}").answer == "ask"
    assert judged(f"{bad}\n{good}").answer == "ask"
