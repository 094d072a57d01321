"""desk.toml: what can be used of it is used, and what cannot is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pettycash_tui import desk_file
from pettycash_tui.desk_file import DeskFile, load, path_of, read_text, remember_theme, with_theme
from pettycash_tui.keymap import all_clashes

WHERE = Path("desk.toml")


def read(*lines: str) -> DeskFile:
    return read_text(WHERE, "\n".join(lines))


def told(file: DeskFile) -> list[str]:
    return [problem.sentence for problem in file.problems]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "own"
    monkeypatch.setattr(desk_file, "_user_folder", lambda: folder)
    return folder


def test_no_file_says_nothing(tmp_path: Path) -> None:
    file = load(tmp_path)
    assert (dict(file.keymap), file.theme, file.problems) == ({}, "", ())


def test_theme_and_keys_are_read_in_every_spelling() -> None:
    file = read(
        'theme = "colour-blind"', "[keys]", '"requisition.new" = "N"', 'list.refresh = ["z", "F5"]', '"list.filter"="/"'
    )
    assert file.problems == ()
    assert file.theme == "colour-blind"
    assert file.keymap == {"requisition.new": "N", "list.refresh": "z,f5", "list.filter": "/"}


def test_two_actions_may_exchange_their_keys() -> None:
    file = read("[keys]", '"payments.why" = "t"', '"payments.retry" = "v"')
    assert file.problems == ()
    assert file.keymap == {"payments.why": "t", "payments.retry": "v"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"requisition.nwe" = "N"', "line 2: requisition.nwe: there is no such action; did you mean requisition.new?"),
        ('"requisition.new" = "ctrl+s"', "line 2: requisition.new: ctrl+s is another key on many terminals"),
        ('"requisition.new" = "alt+n"', "line 2: requisition.new: alt+n is an alt chord"),
        ('"requisition.new" = "hyper+n"', "line 2: requisition.new: 'hyper+n' is no key; expected such as n, N"),
        ('"requisition.new" = 7', 'line 2: requisition.new: expected a key such as "N"'),
        ('"requisition.new" = []', "line 2: requisition.new: expected at least one key"),
        ('"form.submit" = "g"', "line 2: form.submit: g is typed into the fields there"),
        ('"app.back" = "b"', "line 2: app.back: expected a key that is not typed into fields"),
        ('"requisition.new" = "j"', "line 2: requisition.new and list.down both want j; requisition.new keeps its own"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_with_its_line_and_left_out(line: str, message: str) -> None:
    file = read("[keys]", line, '"payments.why" = "ctrl+w"')
    assert [sentence for sentence in told(file) if message in sentence], told(file)
    assert file.keymap == {"payments.why": "ctrl+w"}, "the rest works"


def test_of_two_entries_that_clash_the_later_is_left_out() -> None:
    file = read("[keys]", '"payments.why" = "z"', '"payments.retry" = "z"')
    assert file.keymap == {"payments.why": "z"}
    assert "line 3: " in told(file)[0] and "both want z" in told(file)[0]


def test_whatever_is_left_has_no_clash() -> None:
    file = read("[keys]", '"payments.why" = "t"', '"payments.retry" = "i"', '"payments.assign" = "v"', '"app.quit"="t"')
    assert all_clashes(file.keymap) == []
    assert len(file.problems) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("theme = ", "line 1: is not TOML"),
        ("[keys]\n\n= 3", "line 3: is not TOML"),
        ('theme = "pink"', "line 1: theme: expected one of dark, light, ansi, colour-blind"),
        ("theme = 3", "line 1: theme: expected one of"),
        ("keys = 3", "line 1: keys: expected a table"),
        ("[colours]\nred = 1", "line 1: colours: expected theme or [keys]"),
    ],
)
def test_a_broken_file_is_named_and_never_raised(text: str, message: str) -> None:
    file = read_text(WHERE, text)
    assert message in told(file)[0]
    assert (dict(file.keymap), file.theme) == ({}, "")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"#" * 70_000, b"a = [" * 9000, b"\xef\xbb\xbftheme = 'light'"])
def test_any_content_is_survived(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "desk.toml").write_bytes(content)
    file = load(tmp_path)
    assert bool(file.problems) != (file.theme == "light")


def test_the_file_of_the_home_comes_before_the_users_own(tmp_path: Path, own_folder: Path) -> None:
    home = tmp_path / "home"
    assert path_of(home) == home / "desk.toml"
    own_folder.mkdir()
    (own_folder / "desk.toml").write_text('theme = "light"')
    assert load(home).theme == "light"
    home.mkdir()
    (home / "desk.toml").write_text('theme = "ansi"')
    assert load(home).theme == "ansi"
    assert path_of(None) == own_folder / "desk.toml"


def test_a_chosen_theme_is_kept_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remember_theme(home, "light")
    assert load(home).theme == "light"
    (home / "desk.toml").write_text('# mine\ntheme = "light"  # for the day\n\n[keys]\n"requisition.new" = "N"\n')
    remember_theme(home, "colour-blind")
    assert (home / "desk.toml").read_text() == '# mine\ntheme = "colour-blind"\n\n[keys]\n"requisition.new" = "N"\n'
    assert [path.name for path in home.iterdir()] == ["desk.toml"]


@pytest.mark.parametrize("text", ["", "[keys]\n", '# x\n[keys]\ntheme = "x"\n', "theme = 'a'", "[keys]"])
def test_a_theme_can_be_written_into_any_file(text: str) -> None:
    assert read_text(WHERE, with_theme(text, "dark")).theme == "dark"
    assert with_theme(with_theme(text, "dark"), "dark") == with_theme(text, "dark")
