"""Ours in the place of theirs, and theirs back: the very same objects."""

from __future__ import annotations

from autoexec_magic.ui.hooks import on_attribute, on_key


class Shell:
    """Something with a method."""

    def system(self):
        """Be the class's own."""


def ours():
    """Stand in."""


def theirs():
    """Be somebody else's."""


def test_a_method_of_the_class_is_the_class_s_again():
    """Nothing is left on the object."""
    shell = Shell()
    hook = on_attribute(shell, "system", ours, name="!")
    assert shell.system is ours
    assert hook.take_back()
    assert vars(shell) == {}


def test_what_stood_on_the_object_itself_is_put_back():
    """Somebody replaced it before us."""
    shell = Shell()
    shell.system = theirs
    hook = on_attribute(shell, "system", ours, name="!")
    assert hook.take_back()
    assert shell.system is theirs


def test_what_was_replaced_since_is_left_alone():
    """It is theirs now, and it is said."""
    shell = Shell()
    hook = on_attribute(shell, "system", ours, name="!")
    shell.system = theirs
    assert not hook.take_back()
    assert shell.system is theirs


def test_an_entry_of_a_table():
    """Put back, or left alone."""
    table = {"pip": theirs}
    hook = on_key(table, "pip", ours, name="%pip")
    assert table["pip"] is ours
    assert hook.take_back()
    assert table["pip"] is theirs
    hook = on_key(table, "pip", ours, name="%pip")
    table["pip"] = print
    assert not hook.take_back()
    assert table["pip"] is print
