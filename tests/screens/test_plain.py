"""Text from people is drawn as data; errors stand beside their field; letters stay in the form."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Checkbox, Input, Select

from pettycash_tui.services.errors import InvalidInput, Refused
from pettycash_tui.theme import ANSI, DARK, LIGHT, known_statuses, status_mark, themes
from pettycash_tui.widgets.plain import Field, FieldError, PlainText, focused_field, plain, show_field_errors
from pettycash_tui.widgets.status_bar import SignedIn, StatusBar

HOSTILE = [
    "[/x]",
    "[@click=app.quit]x[/]",
    "[b]",
    "[red on",
    "\x1b[31mred",
    "\x1b]52;c;ZXZpbA==\x07",
    "a\u202eb",
    "a\x00b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_text_is_what_was_typed_without_what_steers_a_terminal(text: str) -> None:
    content = plain(text)
    assert content.spans == []
    assert not any(character in content.plain for character in "\x1b\x07\u202e\x00")
    assert content.plain == "".join("\ufffd" if c in "\x1b\x07\u202e\x00" else c for c in text)


def test_plain_text_keeps_its_lines() -> None:
    assert plain("first\nsecond").plain == "first\nsecond"
    assert plain("").plain == ""


class Form(Screen[None]):
    def compose(self) -> ComposeResult:
        yield StatusBar("New [b]requisition[/b]", SignedIn("Acme [red]", "Jane\x1b[2J", "staff", demo=True))
        yield PlainText("[/x]", id="said")
        yield Field("amount", "Amount", Input(), hint="such as 1250.50")
        yield Field("fund", "Fund", Select([(plain("[b]Nairobi"), 1), (plain("Mombasa"), 2)], prompt="Choose"))
        yield Field("is_urgent", "Urgent", Checkbox(plain("[/x]")))


class Desk(App[None]):
    BINDINGS = [Binding("n,2", "leave", "Leave"), Binding("f1", "help", "Help")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.left = self.helped = 0

    def on_mount(self) -> None:
        self.push_screen(Form())

    def action_leave(self) -> None:
        self.left += 1

    def action_help(self) -> None:
        self.helped += 1

    def field(self, name: str) -> Field:
        return self.screen.query_one(f"#field-{name}", Field)


async def test_a_plain_text_shows_and_updates_data() -> None:
    async with Desk().run_test(size=(80, 24)) as pilot:
        said = pilot.app.screen.query_one("#said", PlainText)
        assert said.text == "[/x]"
        for text in HOSTILE:
            said.update(text)
            await pilot.pause()
            assert said.text == plain(text).plain
            said.show(text, "bold")
            await pilot.pause()
            assert said.text == plain(text).plain


async def test_the_status_bar_names_where_one_is_and_a_demo_database() -> None:
    async with Desk().run_test(size=(80, 24)) as pilot:
        bar = pilot.app.screen.query_one(StatusBar)
        assert bar.query_one(".where", PlainText).text == "New [b]requisition[/b] · Acme [red] · Petty cash"
        assert bar.query_one(".who", PlainText).text == "Jane\ufffd[2J (staff)"
        assert bar.query_one(".demo").display
        bar.show(title="Payments", signed_in=SignedIn("Acme", "Jane", "treasury"))
        await pilot.pause()
        assert bar.query_one(".where", PlainText).text == "Payments · Acme · Petty cash"
        assert not bar.query_one(".demo").display
        assert bar.size.height == 1


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Desk", "Desk · Acme Ltd · Petty cash"),
        ("Fund ledger: Mombasa Road", "Fund ledger: Mombasa Road · Acme Ltd"),
        ("Approvals by age: 4, KES 173,550.50", "Approvals by age: 4, KES 173,550.50"),
        ("Approvals by age: 4, KES 173,550.50 + USD 12.00", "Approvals by age: 4, KES 173,550.50 + …"),
    ],
)
async def test_a_title_that_is_too_long_leaves_out_the_program_then_the_company(title: str, shown: str) -> None:
    async with Desk().run_test(size=(80, 24)) as pilot:
        bar = pilot.app.screen.query_one(StatusBar)
        bar.show(title=title, signed_in=SignedIn("Acme Ltd", "Branch Manager", "Branch manager", demo=True))
        await pilot.pause()
        where, who = (bar.query_one(name, PlainText) for name in (".where", ".who"))
        assert where.render_line(0).text.strip() == shown
        assert who.render_line(0).text.strip() == "Branch Manager (Branch manager)"


async def test_a_name_that_is_too_long_for_its_part_of_the_line_leaves_out_the_role() -> None:
    async with Desk().run_test(size=(80, 24)) as pilot:
        bar = pilot.app.screen.query_one(StatusBar)
        bar.show(title="Desk", signed_in=SignedIn("Acme Ltd", "Wanjiku Muthoni Kamau", "Group finance manager"))
        await pilot.pause()
        who = bar.query_one(".who", PlainText)
        assert who.render_line(0).text.strip() == "Wanjiku Muthoni Kamau"
        assert bar.query_one(".where", PlainText).render_line(0).text.strip() == "Desk · Acme Ltd · Petty cash"
        assert who.region.right == 80


async def test_the_errors_of_a_service_stand_beside_their_fields() -> None:
    app = Desk()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        error = InvalidInput.of(fund="must be yours [/x]", amount="must be above zero", payee="unknown")
        assert show_field_errors(app.screen, error)
        await pilot.pause()
        assert app.field("amount").error == "Must be above zero"
        assert app.field("fund").error == "Must be yours [/x]"
        assert app.field("is-urgent").error == ""
        assert focused_field(app.focused) is app.field("amount")
        assert app.field("amount").query_one(FieldError).size.height == 1
        await pilot.press("5")
        await pilot.pause()
        assert app.field("amount").error == "" and app.field("fund").error != ""
        assert not show_field_errors(app.screen, Refused("The period is closed."))


async def test_letters_stay_in_the_form_and_f_keys_work_on_every_field() -> None:
    app = Desk()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for name in ("amount", "fund", "is-urgent"):
            app.field(name).control_widget.focus()
            await pilot.pause()
            await pilot.press("n", "2", "f1")
        assert app.left == 0
        assert app.helped == 3


async def test_a_field_gives_its_value() -> None:
    app = Desk()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert (app.field("amount").value, app.field("fund").value, app.field("is-urgent").value) == ("", None, False)
        app.field("fund").control_widget.value = 2
        app.field("is-urgent").control_widget.focus()
        await pilot.pause()
        await pilot.press("space")
        assert (app.field("fund").value, app.field("is-urgent").value) == (2, True)


def test_every_status_is_a_mark_and_a_word_and_a_role_never_colour_alone() -> None:
    for status in [*known_statuses(), "never_heard_of", "evil\x1b[2J"]:
        mark = status_mark(status)
        assert len(mark.mark) == 1 and mark.word.strip() and mark.role
        assert "\x1b" not in mark.text
    assert status_mark("pending_cfo_approval").text == "◔ CFO"


@pytest.mark.parametrize("name", [DARK, LIGHT, ANSI])
async def test_the_form_is_drawn_in_every_theme(name: str) -> None:
    app = Desk()
    for theme in themes():
        app.register_theme(theme)
    app.theme = name
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.field("amount").region.height >= 1
