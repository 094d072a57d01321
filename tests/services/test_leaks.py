"""That what watches the tests for secrets that get out finds them, and takes nothing else for one."""

from __future__ import annotations

import logging
from pathlib import Path

import leaks
import pytest

from pettycash_tui.services import fault, passwords


@pytest.fixture
def watch() -> leaks.Watch:
    made = leaks.Watch()
    made.codes.add("493817")
    made.shown_codes.add("271828")
    made.words.add("correct horse battery")
    return made


@pytest.mark.parametrize(
    "text", ["code 493817.", "(493817)", "otp=493817", '{"otp":"271828"}', "a correct horse battery"]
)
def test_a_secret_in_a_log_is_found(text: str, watch: leaks.Watch, tmp_path: Path) -> None:
    (tmp_path / "desk.log").write_text(text)
    watch.look_everywhere([], tmp_path)

    assert len(watch.found) == 1


def test_a_secret_in_a_file_named_log_or_given_by_another_program_is_found(
    watch: leaks.Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaks, "watch", watch)
    (tmp_path / "log").write_text("code 493817.")
    leaks.given("a correct horse battery", "otp=493817")
    # A demo shows its codes, whichever program it is.
    leaks.given("271828", "271828")
    watch.look_everywhere([], tmp_path)

    assert [found.partition(" in ")[2] for found in watch.found] == ["its output", "its standard error", "log"]


@pytest.mark.parametrize("text", ["PAY-493817", "1493817", "0.493817", "a493817f", "493816", "correct horse"])
def test_what_only_looks_like_one_is_none(text: str, watch: leaks.Watch) -> None:
    watch.look_everywhere([("Captured log call", text)], None)

    assert watch.found == []


def test_the_screen_of_a_demo_shows_its_codes_and_its_log_does_not(watch: leaks.Watch) -> None:
    watch.look_everywhere([("Captured stdout call", "271828")], None)
    assert watch.found == []
    watch.look_everywhere([("Captured log call", "271828")], None)
    assert watch.found


def test_what_is_shown_once_stands_on_standard_output_and_nowhere_else(watch: leaks.Watch) -> None:
    watch.shown_words.add("ABCDE-FGHJK")
    watch.look_everywhere([("Captured stdout call", "ABCDE-FGHJK")], None)
    assert watch.found == []
    watch.look_everywhere([("Captured stderr call", "ABCDE-FGHJK")], None)
    watch.read_errors.append("ABCDE-FGHJK")
    watch.look_everywhere([], None)
    assert len(watch.found) == 2


def test_a_code_that_another_process_has_sent_is_looked_for_in_its_log(watch: leaks.Watch, tmp_path: Path) -> None:
    (tmp_path / "home" / "outbox").mkdir(parents=True)
    (tmp_path / "home" / "outbox" / "1.eml").write_text("Subject: code\n\nPay 1250\n\n602214\n\nPAY-000001\n")
    (tmp_path / "home" / "desk.log").write_text("sent 602214 to jane")
    watch.look_everywhere([], tmp_path)

    assert watch.found == ["602… in desk.log"]
    # Else the watch of this very test would find it too.
    (tmp_path / "home" / "desk.log").unlink()


def test_the_crash_screen_of_the_desk_shows_where_and_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    from pettycash_tui.app import PettyCashApp
    from pettycash_tui.widgets.background import FAULT

    def meet() -> None:
        code = "493" + "817"
        raise RuntimeError(f"wrong: {code}")

    app = PettyCashApp.__new__(PettyCashApp)
    app._exit_renderables = []
    app._exception = None
    for name in ("bell", "_close_messages_no_wait"):
        setattr(app, name, lambda: None)
    try:
        meet()
    except RuntimeError:
        app._fatal_error()
    shown = "\n".join(str(one) for one in app._exit_renderables)

    assert FAULT in shown
    assert "RuntimeError" in shown and "in meet" in shown
    assert "493817" not in shown


def test_passwords_that_the_program_is_given_are_watched() -> None:
    passwords.hash_password("three kind words 7", "ann")

    assert "three kind words 7" in leaks.watch.words


def test_where_a_fault_happened_tells_no_text_of_any_error(caplog: pytest.LogCaptureFixture) -> None:
    def meet() -> None:
        try:
            raise ValueError("code 493817")
        except ValueError as error:
            raise RuntimeError("https://user:hunter2hunter2@host/") from error

    with pytest.raises(RuntimeError) as met:
        meet()
    told = fault.where_it_happened(met.value)
    try:
        meet()
    except RuntimeError:
        fault.log(logging.getLogger("pettycash_tui.test"), "it failed")

    for text in (told, caplog.text):
        assert "ValueError" in text and "RuntimeError" in text and "in meet" in text
        assert '493817"' not in text.replace('raise ValueError("code 493817")', "")
        assert "@host" not in text.replace('raise RuntimeError("https://user:hunter2hunter2@host/")', "")
