"""Questions: asked of a person on stderr, answered from standard input, refused where nobody can answer."""

from __future__ import annotations

import io
import sys

import pytest

from pettycash_tui.cli import asking
from pettycash_tui.cli.given import GlobalOptions
from pettycash_tui.services.errors import InvalidInput

PERSON = GlobalOptions()
SCRIPT = GlobalOptions(json=True)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch):
    """Puts lines on standard input, at a terminal or through a pipe."""

    def put(text: str, *, terminal: bool = True) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal(text) if terminal else io.StringIO(text))

    return put


def test_a_question_is_asked_on_stderr_until_it_is_answered(typed, capsys: pytest.CaptureFixture[str]) -> None:
    typed("\n  Stationery \n")

    assert asking.ask_text(PERSON, "Purpose\x1b", option="--purpose") == "Stationery"
    assert capsys.readouterr() == ("", "Purpose\ufffd: Purpose\ufffd: ")


def test_an_empty_answer_takes_the_default(typed) -> None:
    typed("\n")
    assert asking.ask_text(PERSON, "Currency", option="--currency", default="KES") == "KES"


def test_the_end_of_input_is_an_interruption(typed) -> None:
    typed("")
    with pytest.raises(EOFError):
        asking.ask_text(PERSON, "Purpose", option="--purpose")


@pytest.mark.parametrize(("given", "terminal"), [(PERSON, False), (SCRIPT, True), (SCRIPT, False)])
def test_where_nobody_can_answer_the_option_is_named(given: GlobalOptions, terminal: bool, typed) -> None:
    typed("Stationery\n", terminal=terminal)

    with pytest.raises(InvalidInput, match="--needed-by") as refused:
        asking.ask_text(given, "Needed by", option="--needed-by")
    assert list(refused.value.fields) == ["needed_by"]
    assert asking.ask_text(given, "Currency", option="--currency", default="KES") == "KES"
    with pytest.raises(InvalidInput, match="--yes"):
        asking.confirm(given, "Pay?")
    assert asking.confirm(given, "Pay?", given=True)


@pytest.mark.parametrize(
    ("answer", "expected"), [("y", True), ("YES", True), ("n", False), ("", False), ("yep", False)]
)
def test_only_yes_is_yes(answer: str, expected: bool, typed) -> None:
    typed(f"{answer}\n")
    assert asking.confirm(PERSON, "Pay?") is expected


def test_a_secret_is_a_line_of_standard_input_without_terminal(typed) -> None:
    typed(" two words \r\nnext\n", terminal=False)

    assert asking.ask_secret(SCRIPT, "Password") == " two words "
    assert asking.ask_secret(PERSON, "Password", repeat=True) == "next"
    with pytest.raises(InvalidInput, match="standard input"):
        asking.ask_secret(PERSON, "Password")


def test_a_secret_is_not_shown_and_asked_twice_when_it_is_new(typed, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["secret", "secret", "secret", "other", ""])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    typed("")

    assert asking.ask_secret(PERSON, "Password", repeat=True) == "secret"
    with pytest.raises(InvalidInput, match="both times"):
        asking.ask_secret(PERSON, "Password", repeat=True)
    with pytest.raises(InvalidInput, match="empty"):
        asking.ask_secret(PERSON, "Code", field="code")


def test_a_secret_is_not_asked_of_a_script_at_a_terminal(typed) -> None:
    typed("secret\n")
    with pytest.raises(InvalidInput) as refused:
        asking.ask_secret(SCRIPT, "Code", field="code")
    assert list(refused.value.fields) == ["code"]
