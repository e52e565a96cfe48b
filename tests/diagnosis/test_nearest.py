"""Which name was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.diagnosis.nearest import nearest


@pytest.mark.parametrize(
    ("name", "names", "found", "is_clear"),
    [
        pytest.param("prise", ["price", "amount"], "price", True, id="a-wrong-letter"),
        pytest.param("pirce", ["price"], "price", True, id="changed-over"),
        pytest.param("pric", ["price"], "price", True, id="missing"),
        pytest.param("pricee", ["price"], "price", True, id="too-many"),
        pytest.param("PRICE", ["price"], "price", True, id="case"),
        pytest.param("total_price", ["totalPrice"], "totalPrice", True, id="how-words-are-joined"),
        pytest.param("total price", ["total_price"], "total_price", True, id="a-space"),
        pytest.param("amuont", ["amount", "account"], "amount", True, id="the-nearer-of-two"),
        pytest.param("port_1", ["port_2", "port_3"], "port_2", False, id="two-as-near"),
        pytest.param("cat", ["dog"], "", False, id="far"),
        pytest.param("ab", ["ac"], "", False, id="too-short"),
        pytest.param("x", ["X"], "X", True, id="short-but-only-the-case"),
        pytest.param("", ["a"], "", False, id="nothing"),
        pytest.param("abc", ["abc"], "", False, id="itself-is-not-meant"),
        pytest.param("a" * 61, ["a" * 60], "", False, id="too-long"),
    ],
)
def test_what_is_near(name, names, found, is_clear):
    """By one or two letters; clear only where no other is as near."""
    near, sure = nearest(name, names)
    assert (near[:1], sure) == ((found,) if found else (), is_clear)


def test_not_more_than_asked_for_and_each_once():
    """A list is evidence, not a dictionary."""
    assert nearest("port", ["porta", "portb", "portc", "portd", "porta"], limit=2)[0] == ("porta", "portb")


def test_many_names_end():
    """A frame of a million columns is looked at in part."""
    assert nearest("price", (f"column{n}" for n in range(10**9)))[0] == ()


@given(st.text(max_size=70), st.lists(st.text(max_size=70), max_size=20))
def test_any_names_are_compared(name, names):
    """Whatever they are made of; what is found is one of them."""
    near, is_clear = nearest(name, names)
    assert set(near) <= set(names)
    assert bool(near) or not is_clear
