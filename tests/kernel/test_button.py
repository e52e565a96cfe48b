"""A button below a diagnosis carries its fix out, once, where it can be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from harness import LOAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness import Cell, Kernel

SHOW = """
from autoexec_magic.ui import card
from autoexec_magic.values import Action, Diagnosis
import dataclasses, ipywidgets

done = []
action = Action(kind="install", values=("x",))
found = Diagnosis(code="c", why="w", fix="%autoexec <b>install</b> x", action=action)

def carry_out():
    done.append(1)
    print("carried out")

def buttons():
    known = ipywidgets.widgets.widget._instances.values()
    return [widget for widget in known if isinstance(widget, ipywidgets.Button)]

def shown(found=found, **options):
    card.show(get_ipython(), found, **options)
"""
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Return a kernel that a notebook in a page talks to."""
    import harness

    folder = tmp_path_factory.mktemp("button")
    with harness.Kernel(folder, JPY_SESSION_NAME=str(folder / "work.ipynb")) as kernel:
        kernel.execute(LOAD).must_pass()
        kernel.execute(SHOW).must_pass()
        yield kernel


def run(kernel: Kernel, code: str) -> Cell:
    """Run a cell as a page does."""
    return kernel.start(code, allow_stdin=True).finish().must_pass()


def test_a_fix_that_can_be_carried_out_has_a_button(page: Kernel):
    """Its tooltip is the command; beside it there is no text that says it again."""
    cell = run(page, "shown(on_fix=carry_out)")
    card, button = cell.all("display_data")
    assert VIEW not in card["data"]
    assert set(button["data"]) == {VIEW, "text/plain"}
    assert button["data"]["text/plain"] == ""
    states = [message.content["data"]["state"] for message in cell.comms if message.kind == "comm_open"]
    (state,) = [state for state in states if state.get("_model_name") == "ButtonModel"]
    assert (state["description"], state["tooltip"]) == ("Run it", "%autoexec <b>install</b> x")


def test_the_button_of_a_change_says_that_it_is_shown(page: Kernel):
    """Nothing is run before a person has seen what is written in the place of what."""
    change = "Action(kind='replace', values=('totl', 'total'))"
    cell = run(page, f"shown(found=dataclasses.replace(found, action={change}), on_fix=carry_out)")
    states = [message.content["data"]["state"] for message in cell.comms if message.kind == "comm_open"]
    (state,) = [state for state in states if state.get("_model_name") == "ButtonModel"]
    assert state["description"] == "Show the change"


def test_a_click_carries_it_out_once(page: Kernel):
    """After it the button is not there to be clicked again, and what it said stays below it."""
    run(page, "shown(on_fix=carry_out)\nbutton = buttons()[-1]\nbutton.click()")
    cell = run(page, "(len(done), button.disabled, button.description)")
    assert cell.result == "(1, True, 'Was run')"
    assert cell.all("update_display_data") == []


def test_the_next_cell_takes_an_unused_button_away(page: Kernel):
    """A notebook that is saved then holds no widget that nobody can show."""
    run(page, "shown(on_fix=carry_out)")
    cell = run(page, "1")
    (update,) = cell.all("update_display_data")
    assert update["data"] == {"text/plain": ""}
    assert run(page, "1").all("update_display_data") == []


@pytest.mark.parametrize("options", ["", "on_fix=None"])
def test_without_anything_to_call_there_is_none(page: Kernel, options):
    """The command stands in the card."""
    (shown,) = run(page, f"shown({options})").all("display_data")
    assert "&lt;b&gt;install&lt;/b&gt; x" in shown["data"]["text/html"]


def test_without_a_page_there_is_none(page: Kernel):
    """Where nobody can click the command is text."""
    cell = page.execute("shown(on_fix=carry_out)").must_pass()
    assert cell.all("display_data") == []
    assert "fix: %autoexec <b>install</b> x" in cell.stderr
