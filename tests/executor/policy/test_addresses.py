"""Whom an address reaches: another machine, this one, or who hands out its credentials."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.executor.policy.addresses import address_of, reach

URLS = {
    "https://example.org/a.zip": "allow",
    "example.org": "allow",
    "https://files.example.org:8443/a?b=c@d%20e": "allow",
    "git@example.org:me/a.git": "allow",
    "https://8.8.8.8/": "allow",
    "s3://bucket/key": "allow",
    "http://169.254.169.254/latest/meta-data": "refuse",
    "169.254.169.254": "refuse",
    "http://me:pw@169.254.169.254:80/": "refuse",
    "http://2852039166/": "refuse",
    "http://0xa9fea9fe/": "refuse",
    "http://0xA9.0xFE.0xA9.0xFE/": "refuse",
    "http://0251.0376.0251.0376/": "refuse",
    "http://169.254.43518/": "refuse",
    "http://[fd00:ec2::254]/": "refuse",
    "http://[::ffff:169.254.169.254]/": "refuse",
    "http://[::ffff:a9fe:a9fe]/": "refuse",
    "http://metadata.google.internal/computeMetadata/v1/": "refuse",
    "http://METADATA.google.internal./": "refuse",
    "http://169.254.170.2/v2/credentials": "refuse",
    "http://localhost:8888/api": "ask",
    "localhost:8888": "ask",
    "http://127.0.0.1:8888": "ask",
    "http://127.1": "ask",
    "http://0": "ask",
    "http://0x7f000001/": "ask",
    "http://[::1]:8888/": "ask",
    "http://[::]:8888/": "ask",
    "http://e.org@127.0.0.1/": "ask",
    "http://127.0.0.1.nip.io/": "ask",
    "http://10.0.0.1/": "ask",
    "http://192.168.1.1": "ask",
    "http://e.org\\@127.0.0.1/": "ask",
    "http://127.0.0.%31/": "ask",
    "http://１２７.0.0.1/": "ask",
    "http://ｌocalhost/": "ask",
    "http://e.org/[1-9]": "ask",
    "http://{e.org,127.0.0.1}/": "ask",
    "": "allow",
}


@pytest.mark.parametrize(("url", "answer"), URLS.items(), ids=map(repr, URLS))
def test_an_address_gets_its_answer(url, answer):
    """However its number is written."""
    assert reach(url).answer == answer


@given(st.ip_addresses(v=4))
def test_a_number_is_the_same_address_in_all_its_forms(address):
    """As inet_aton(3) reads them."""
    number = int(address)
    first, rest = divmod(number, 2**24)
    for text in (
        str(address),
        str(number),
        hex(number),
        f"{first}.{rest}",
        ".".join(oct(b).replace("o", "") for b in address.packed),
    ):
        assert address_of(text) == address


@given(st.text(max_size=40))
def test_no_text_raises(url):
    """Whatever is typed, there is an answer."""
    assert reach(url).answer in ("allow", "ask", "refuse")
