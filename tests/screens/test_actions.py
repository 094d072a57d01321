"""The registry of actions: no clashes, no keys that terminals keep, six keys in the footer, remapping, help."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

import pettycash_tui
import pettycash_tui.screens
import pettycash_tui.widgets
from pettycash_tui.actions import (
    ACTIONS,
    APP,
    FORM,
    FORM_SCREENS,
    LIST,
    LIST_SCREENS,
    WINDOWS,
    action,
    binding,
    bindings_for,
    key,
    use_keymap,
)
from pettycash_tui.keymap import all_clashes, clashes, key_table, keymap_problems, refused_keys, spelled
from pettycash_tui.screens.help import HelpScreen
from pettycash_tui.screens.treasury_views.catalogue import VIEWS
from pettycash_tui.widgets.footer import KeyFooter
from pettycash_tui.widgets.plain import PlainText


def test_no_two_actions_that_are_alive_together_want_one_key() -> None:
    assert all_clashes() == []


def test_a_clash_is_found() -> None:
    found = clashes([APP, LIST, "approvals"], {"approvals.reject": "a"})
    assert [(clash.key, clash.first, clash.second) for clash in found] == [
        ("a", "approvals.approve", "approvals.reject")
    ]


def test_every_public_name_is_used_once_and_names_its_subject() -> None:
    ids = [entry.id for entry in ACTIONS]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+[0-9]?", id) for id in ids)


def test_every_scope_is_one_whose_clashes_are_looked_for() -> None:
    known = {APP, LIST, FORM, *LIST_SCREENS, *FORM_SCREENS, *WINDOWS}
    assert {entry.scope for entry in ACTIONS} <= known


def test_no_action_has_a_key_that_terminals_keep() -> None:
    assert refused_keys() == []


def test_an_f_key_always_has_another_beside_it() -> None:
    for entry in ACTIONS:
        if any(re.fullmatch(r"f\d+", key) for key in entry.keys):
            assert not re.fullmatch(r"f\d+", entry.keys[0]), entry.id


def test_the_footer_of_every_screen_has_at_most_five_keys_beside_help() -> None:
    for name in LIST_SCREENS:
        shown = [entry.id for entry in ACTIONS if entry.footer and entry.scope == name]
        if name == "treasury":
            continue  # it has several lists, each with some of its keys
        assert 1 <= len(shown) <= 5, name


def test_the_footer_of_every_list_of_the_treasury_has_at_most_five_keys_beside_help() -> None:
    acts = {name for view in VIEWS for name in view.acts}
    common = [entry for entry in ACTIONS if entry.scope == "treasury" and entry.footer and entry.method not in acts]
    for view in VIEWS:
        own = [name for name in view.acts if action(f"treasury.{name}").footer]
        assert 1 <= len(own) + len(common) <= 5, view.name


def test_every_key_of_the_treasury_belongs_to_one_of_its_lists() -> None:
    acts = {name for view in VIEWS for name in view.acts}
    moves = {"view", "view_before", "state"}
    assert {entry.id for entry in ACTIONS if entry.scope == "treasury"} == {f"treasury.{name}" for name in acts | moves}
    assert all(callable(getattr(view, name)) for view in VIEWS for name in view.acts)


def test_every_tooltip_is_a_sentence_and_every_label_short() -> None:
    for entry in ACTIONS:
        assert entry.tooltip.endswith(".") and entry.tooltip[0].isupper(), entry.id
        assert len(entry.label) <= 14, entry.id


def test_the_keys_that_the_design_promises() -> None:
    assert set(action("list.down").keys) == {"down", "j"}
    assert set(action("list.up").keys) == {"up", "k"}
    assert set(action("app.help").keys) == {"?", "f1"}
    assert action("requisition.new").keys == ("n",)
    assert action("list.filter").keys == ("/",)
    assert action("app.back").keys == ("escape",)
    assert action("app.find").keys == ("ctrl+p",)
    assert action("list.copy").keys == ("y",)
    digits = {"desk": "1", "requisitions": "2", "approvals": "3", "payments": "4", "ledger": "5", "treasury": "6"}
    for name, digit in digits.items():
        assert action(f"go.{name}").keys == (digit,)
    assert set(LIST_SCREENS + FORM_SCREENS + WINDOWS) <= {entry.scope for entry in ACTIONS}


def test_a_window_is_alive_alone_with_the_keys_that_scroll_and_leave_it() -> None:
    assert action("entry.requisition").keys == action("list.refresh").keys == ("r",)
    assert all_clashes({}) == []
    assert [told.key for told in all_clashes({"entry.trail": "y"})] == ["y"]
    assert [told.key for told in all_clashes({"entry.trail": "j"})] == ["j"]
    assert all_clashes({"entry.trail": "n,1"}) == []


@pytest.mark.parametrize(
    ("keymap", "said"),
    [
        ({"window.copy": "q"}, "window.copy and window.close both want q"),
        ({"window.copy": "l"}, "window.copy and window.right both want l"),
        ({"entry.payment": "space"}, "window.close and entry.payment both want space"),
        ({"prompt.yes": "n"}, "prompt.yes and prompt.no both want n"),
        ({"prompt.yes": "enter"}, "form.enter and prompt.yes both want enter"),
        ({"export.go_on": "j"}, "export.down and export.go_on both want j"),
        ({"export.go_on": "y"}, "window.copy and export.go_on both want y"),
        ({"choice.down": "enter"}, "form.enter and choice.down both want enter"),
        ({"choice.page_down": "ctrl+g"}, "form.submit and choice.page_down both want ^g"),
        ({"lock.sign_out": "f1"}, "app.help and lock.sign_out both want F1"),
        ({"form.submit": "enter"}, "form.submit and form.enter both want enter"),
    ],
)
def test_a_clash_in_a_window_or_prompt_is_named(keymap: dict[str, str], said: str) -> None:
    assert said in keymap_problems(keymap)


def nodes() -> list[type[DOMNode]]:
    """The classes of the screens and widgets that bind keys or could."""
    found: set[type[DOMNode]] = set()
    for package in (pettycash_tui.screens, pettycash_tui.widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            of_module = vars(importlib.import_module(module.name)).values()
            found.update(one for one in of_module if isinstance(one, type) and issubclass(one, DOMNode))
    return sorted(
        (one for one in found if one.__module__.startswith("pettycash_tui.")), key=lambda one: one.__qualname__
    )


def test_every_binding_of_a_screen_or_widget_is_one_of_the_registry() -> None:
    ids = {entry.id for entry in ACTIONS}
    bound = [(node.__qualname__, made) for node in nodes() for made in node.__dict__.get("BINDINGS", ())]
    assert len(bound) > 100
    strays = [(name, made) for name, made in bound if not (isinstance(made, Binding) and made.id in ids)]
    assert strays == []
    assert {made.id for _, made in bound} | {entry.id for entry in ACTIONS if entry.scope == APP} == ids


def test_every_binding_of_a_screen_or_widget_has_a_method_that_answers() -> None:
    for node in nodes():
        for made in node.__dict__.get("BINDINGS", ()):
            target, _, name = made.action.partition("(")[0].rpartition(".")
            mixed_in = node.__name__ in ("VirtualTable", "PaneList", "DetailPane", "DeskScreen")
            assert target or mixed_in or hasattr(node, f"action_{name}"), (node, made.action)


def test_no_screen_or_widget_takes_a_key_without_a_binding() -> None:
    handlers = [
        (node.__qualname__, name) for node in nodes() for name in node.__dict__ if re.match(r"_?key_[a-z0-9_]+$", name)
    ]
    assert handlers == [("CompletingInput", "_key_of_list")], "that one asks the registry for its keys"


def test_the_key_table_has_a_line_for_every_action() -> None:
    table = key_table()
    assert [row.id for row in table] == [entry.id for entry in ACTIONS]
    assert next(row.keys for row in table if row.id == "app.help") == "? F1"
    assert {row.scope for row in key_table(["ledger"])} == {"ledger"}


def test_the_key_table_is_made_without_textual() -> None:
    code = "import sys; from pettycash_tui.keymap import key_table; key_table(); print('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_bindings_carry_the_public_name_and_the_tooltip() -> None:
    for made in bindings_for("payments"):
        assert made.id is not None and made.tooltip == action(made.id).tooltip


@pytest.mark.parametrize(
    ("keymap", "problem"),
    [
        ({"no.such": "a"}, "there is no such action"),
        ({"requisition.new": "ctrl+s"}, "ctrl+s is another key"),
        ({"requisition.new": "alt+n"}, "alt+n is an alt chord"),
        ({"requisition.new": "j"}, "both want j"),
        ({"requisition.new": "slash"}, "both want /"),
        ({"requisition.new": ""}, "expected at least one key"),
        ({"requisition.nwe": "a"}, "did you mean requisition.new?"),
        ({"form.submit": "g"}, "is typed into the fields"),
        ({"lock.sign_out": "x"}, "is typed into the fields"),
        ({"choice.down": "j"}, "is typed into the fields"),
        ({"form.submit": "ctrl+e"}, "edits what is typed into the fields"),
        ({"app.back": "b"}, "it is the way out"),
    ],
)
def test_a_bad_remapping_is_refused_with_a_reason(keymap: dict[str, str], problem: str) -> None:
    assert any(problem in line for line in keymap_problems(keymap))


def test_a_good_remapping_is_taken() -> None:
    assert keymap_problems({"requisition.new": "N,ctrl+n", "list.down": "down,z"}) == []
    assert keymap_problems({"payments.why": "t", "payments.retry": "v"}) == [], "two keys may be exchanged"
    assert keymap_problems({"list.filter": "slash,ctrl+f"}) == []


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("n", "n"), ("N", "N"), ("^n", "ctrl+n"), ("Ctrl+N", "ctrl+n"), ("shift+n", "N"), ("Esc", "escape"),
        ("PgDn", "pagedown"), ("F5", "f5"), ("slash", "/"), ("/", "/"), (" ", "space"), ("é", "é"), (",", ","),
        ("ctrl+home", "ctrl+home"), ("shift+tab", "shift+tab"),
        ("", None), ("foo", None), ("f25", None), ("ctrl+", None), ("ctrl+shift+n", None), ("\x1b", None),
    ],
)  # fmt: skip
def test_a_key_may_be_spelled_as_people_spell_it(written: str, key: str | None) -> None:
    assert spelled(written) == key


HAND_WRITTEN = re.compile(
    r"\^[a-z]\b|\bctrl\+[a-z]\b|\bF(?:[1-9]|1\d|2[0-4])\b|\bpg(?:up|dn)\b|[↑↓←]"
    r"|\((?:[a-zA-Z/?]|enter|esc|tab|space)\)"
    r"|\b(?:[Ee]sc|[Ee]nter|[Ss]pace|[b-zB-HJ-Z]) (?:[a-z]+s|shows all)\b"
    r"|\bpress (?:[a-zA-Z/?]|[Ee]nter|[Ee]sc|space)(?![\w'])|\b(?:then|or) (?:[Ee]nter|[Ee]sc|space)\b"
)


@pytest.mark.parametrize(
    "text",
    [
        "F4 signs out",
        "Pay (y)",
        "Go on (enter)",
        "y copies",
        "Esc empties the fields",
        "press ? for help",
        "↑ ↓ choose",
    ],
)
def test_a_key_named_by_hand_is_found(text: str) -> None:
    assert HAND_WRITTEN.search(text)


def texts_in(path: Path) -> list[str]:
    """The texts that a module can show: its strings, without docstrings and what binds or styles."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            hidden.add(node.value)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Binding":
            hidden.update(ast.walk(node))
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in hidden
    ]


@pytest.mark.parametrize("folder", ["screens", "widgets"])
def test_no_text_on_a_screen_names_a_key_by_hand(folder: str) -> None:
    sources = sorted((Path(pettycash_tui.__file__).parent / folder).rglob("*.py"))
    assert len(sources) > 10
    found = [(path.name, text) for path in sources for text in texts_in(path) if HAND_WRITTEN.search(text)]
    assert found == []


def test_texts_name_the_key_in_force() -> None:
    assert key("pay.resend") == "^r"
    use_keymap({"pay.resend": "f9", "app.back": "f10,escape"})
    try:
        assert (key("pay.resend"), key("app.back"), key("list.filter")) == ("F9", "F10", "/")
        assert [row.keys for row in key_table() if row.remapped] == ["F10 esc", "F9"]
    finally:
        use_keymap({})
    assert not any(row.remapped for row in key_table())


class Approvals(Screen[None]):
    BINDINGS = [*bindings_for("approvals"), binding("list.filter")]  # noqa: RUF012
    help_title = "Approvals"
    help_text = "What waits for your decision.\nNothing is decided without your key."

    def __init__(self) -> None:
        super().__init__()
        self.may_reject = True
        self.approved = 0

    def compose(self) -> ComposeResult:
        yield Input()
        yield KeyFooter()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.may_reject if action == "reject" else True

    def action_approve(self) -> None:
        self.approved += 1

    def action_reject(self) -> None: ...

    def action_request_changes(self) -> None: ...

    def action_confirm_urgency(self) -> None: ...


class Desk(App[None]):
    AUTO_FOCUS = ""
    BINDINGS = [*bindings_for(APP), Binding("f9", "nothing", "Not of the registry")]  # noqa: RUF012

    def on_mount(self) -> None:
        self.push_screen(Approvals())

    def action_help(self) -> None:
        self.push_screen(HelpScreen.about(self.screen))

    def action_go(self, name: str) -> None: ...


async def test_the_footer_shows_what_works_here_with_the_screens_keys_first_and_help_last() -> None:
    async with Desk().run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        footer = pilot.app.screen.query_one(KeyFooter)
        assert [(hint.shown, hint.label) for hint in footer.hints] == [
            ("a", "Approve"),
            ("x", "Reject"),
            ("c", "Ask changes"),
            ("n", "New"),
            ("?", "Help"),
        ]
        pilot.app.screen.may_reject = False  # type: ignore[attr-defined]
        pilot.app.screen.refresh_bindings()
        await pilot.pause()
        assert "Reject" not in [hint.label for hint in footer.hints]


@pytest.mark.parametrize("width", [20, 40, 80, 120])
async def test_the_footer_never_runs_over_its_line(width: int) -> None:
    async with Desk().run_test(size=(width, 24)) as pilot:
        await pilot.pause()
        footer = pilot.app.screen.query_one(KeyFooter)
        assert footer.hints[-1].label == "Help"
        assert footer.render().cell_length <= width


async def test_a_click_on_the_footer_presses_the_key() -> None:
    async with Desk().run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.click(KeyFooter, offset=(3, 0))
        assert pilot.app.screen.approved == 1  # type: ignore[attr-defined]


async def test_remapped_keys_work_and_are_shown() -> None:
    async with Desk().run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pilot.app.set_keymap({"approvals.approve": "A"})
        await pilot.pause()
        assert pilot.app.screen.query_one(KeyFooter).hints[0].shown == "A"
        await pilot.press("a")
        assert pilot.app.screen.approved == 0  # type: ignore[attr-defined]
        await pilot.press("A")
        assert pilot.app.screen.approved == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_says_what_the_screen_is_for_and_finds_keys(key: str) -> None:
    async with Desk().run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(key)
        screen = pilot.app.screen
        assert isinstance(screen, HelpScreen)
        assert screen.query_one("#help-title", PlainText).text == "Approvals"
        assert "Nothing is decided" in screen.query_one("#help-text", PlainText).text
        table = screen.query_one("#help-table", PlainText)
        assert "a    Approve the requisition" in re.sub(" +", " ", table.text).replace("a Approve", "a    Approve")
        assert "Everywhere" in table.text and "Enter a new requisition." in table.text
        assert "Say that it is not urgent" not in table.text, "nobody answers to it here"
        await pilot.press(*"urgent")
        assert "Confirm that it is urgent" in table.text and "Enter a new requisition." not in table.text
        await pilot.press(*"[/x]")
        assert table.text == "No key matches."
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, Approvals)
