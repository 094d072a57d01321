"""What a cash book is narrowed to, its totals, finding a place in it, and whether it adds up; on both databases."""

from __future__ import annotations

from datetime import date

import building
import cash_book
import pytest
import story
from cash_book import Line

from pettycash_tui.models.enums import EntryType
from pettycash_tui.models.money import Money
from pettycash_tui.services import ledger_checks, ledger_origin, ledger_places, ledger_totals, ledger_views, ledger_walk
from pettycash_tui.services.desk import DEMO, Desk
from pettycash_tui.services.errors import InvalidInput, NotFound
from pettycash_tui.services.identity import Actor
from pettycash_tui.services.ledger_filter import AmountRange, EntryFilter, parse_amount_range
from pettycash_tui.services.ledger_places import parse_target
from pettycash_tui.services.ledger_totals import Span
from pettycash_tui.services.ledger_views import LedgerFund
from pettycash_tui.services.ledger_walk import BEYOND_THE_END, Bounds

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
LINES = [
    Line(-450_000, date(2026, 3, 3), "Fuel, Total"),
    Line(-60_000, date(2026, 3, 3), "Taxi"),
    Line(100_000, date(2026, 3, 20), "From the bank"),
    Line(-5_000, date(2026, 3, 31), "Counted short", kind="adjustment"),
    Line(-25_000, date(2026, 4, 2), "Fuel, Shell"),
    Line(2_000, date(2026, 4, 30), "Counted over", kind="adjustment"),
]


def kes(minor: int) -> Money:
    return Money(minor, "KES")


@pytest.fixture
def reader(desk: Desk) -> Actor:
    """A treasury officer of a company whose fund NBI has an opening entry of 2 March and six more."""
    people = story.trading_company(desk)
    cash_book.write(desk, "NBI", LINES)
    return people["treasury"]


@pytest.fixture
def book(desk: Desk, reader: Actor) -> LedgerFund:
    return desk.read(reader, ledger_views.open_ledger, "NBI")


# -- totals ------------------------------------------------------------------------------------------------------------


def test_the_totals_of_everything_make_the_balance(desk: Desk, reader: Actor, book: LedgerFund) -> None:
    found = desk.read(reader, ledger_totals.count, book, EntryFilter())
    assert (found.entries, found.paid_out, found.paid_in) == (7, kes(540_000), kes(10_102_000))
    assert (found.opening, found.closing, found.net) == (kes(0), kes(9_562_000), kes(9_562_000))
    assert ledger_checks.whole_adds_up(found)


def test_a_period_has_an_opening_and_a_closing_balance(desk: Desk, reader: Actor, book: LedgerFund) -> None:
    found = desk.read(reader, ledger_totals.count, book, EntryFilter(from_date=date(2026, 3, 3), to_date=APRIL))
    assert (found.entries, found.paid_out, found.paid_in) == (4, kes(515_000), kes(100_000))
    assert (found.opening, found.closing) == (kes(10_000_000), kes(9_585_000))


@pytest.mark.parametrize(
    ("first", "last", "balance"),
    [
        (date(2026, 4, 3), date(2026, 4, 29), 9_560_000),
        (None, date(2026, 3, 1), 0),
        (date(2026, 5, 1), None, 9_562_000),
    ],
)
def test_a_period_without_entries_says_what_the_balance_was(
    desk: Desk, reader: Actor, book: LedgerFund, first: date | None, last: date | None, balance: int
) -> None:
    found = desk.read(reader, ledger_totals.count, book, EntryFilter(from_date=first, to_date=last))
    assert (found.entries, found.net, found.is_complete) == (0, kes(0), True)
    assert (found.opening, found.closing) == (kes(balance), kes(balance))


def test_other_filters_have_totals_and_no_balances(desk: Desk, reader: Actor, book: LedgerFund) -> None:
    def totals(given: EntryFilter) -> tuple[int, int, int]:
        found = desk.read(reader, ledger_totals.count, book, given)
        assert found.opening is None and found.closing is None
        return found.entries, found.paid_out.minor, found.paid_in.minor

    assert totals(EntryFilter(EntryType.ADJUSTMENT)) == (2, 5_000, 2_000)
    assert totals(EntryFilter(EntryType.DEBIT, to_date=APRIL)) == (2, 510_000, 0)
    assert totals(EntryFilter(search="FUEL")) == (2, 475_000, 0)
    assert totals(EntryFilter(search="JNL-NBI-000003")) == (1, 60_000, 0)
    assert totals(EntryFilter(least=5_000, most=60_000)) == (3, 90_000, 0)
    assert totals(EntryFilter(search="fuel", most=25_000, from_date=APRIL)) == (1, 25_000, 0)
    assert totals(EntryFilter(search="100%")) == (0, 0, 0)


def test_slices_come_to_the_same_and_what_was_counted_is_only_added_to(
    desk: Desk, reader: Actor, book: LedgerFund
) -> None:
    given = EntryFilter(EntryType.DEBIT)
    found = desk.read(reader, ledger_totals.begin, book, given)
    steps = 0
    while not found.is_complete:
        found = desk.read(reader, ledger_totals.go_on, book, given, found, 2)
        steps += 1
    assert steps == 4 and found == desk.read(reader, ledger_totals.count, book, given)
    cash_book.write(desk, "NBI", [Line(-700, date(2026, 5, 2))])
    later = desk.read(reader, ledger_totals.follow, book, given, found)
    assert (later.counted, later.until, later.is_complete) == (7, 8, False)
    later = desk.read(reader, ledger_totals.go_on, book, given, later)
    assert later == desk.read(reader, ledger_totals.count, book, given)


def test_days_out_of_order_leave_a_period_without_balances(desk: Desk, reader: Actor, book: LedgerFund) -> None:
    cash_book.write(desk, "NBI", [Line(-100, date(2026, 3, 10), "Written late")])
    given = EntryFilter(from_date=MARCH, to_date=date(2026, 3, 31))
    assert desk.read(reader, ledger_totals.span_of, book, given) == Span(1, 8, 6, is_open=True)
    found = desk.read(reader, ledger_totals.count, book, given)
    assert (found.entries, found.opening) == (6, None)


# -- pages of what is narrowed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 2, 100])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    "given",
    [
        EntryFilter(search="fuel"),
        EntryFilter(EntryType.DEBIT, from_date=MARCH, to_date=APRIL),
        EntryFilter(least=6_000),
        EntryFilter(EntryType.CREDIT),
        EntryFilter(search="nothing like it"),
    ],
)
def test_a_walk_in_short_steps_finds_what_one_statement_finds(
    desk: Desk, reader: Actor, book: LedgerFund, given: EntryFilter, backwards: bool, most: int
) -> None:
    whole = desk.read(reader, ledger_views.list_entries, book, given).items
    place: int | None = BEYOND_THE_END if backwards else 1
    found: list[int] = []
    while place is not None:
        step = desk.read(reader, ledger_walk.step, book, given, sequence=place, limit=1, backwards=backwards, most=most)
        found += [entry.sequence for entry in step.entries]
        place = step.next
    assert sorted(found) == [entry.sequence for entry in whole]
    assert found == sorted(found, reverse=backwards)


def test_a_walk_stays_between_its_bounds(desk: Desk, reader: Actor, book: LedgerFund) -> None:
    def walked(backwards: bool) -> list[int]:
        step = desk.read(
            reader,
            ledger_walk.step,
            book,
            EntryFilter(least=1),
            sequence=BEYOND_THE_END if backwards else 1,
            limit=50,
            backwards=backwards,
            bounds=Bounds(3, 5),
        )
        assert step.next is None
        return [entry.sequence for entry in step.entries]

    assert walked(False) == walked(True) == [3, 4, 5]


def test_the_nearest_that_matches_is_the_next_or_else_the_last_before(
    desk: Desk, reader: Actor, book: LedgerFund
) -> None:
    def nearest(sequence: int, given: EntryFilter) -> int | None:
        found = desk.read(reader, ledger_walk.nearest, book, given, sequence)
        return found.sequence if found else None

    fuel = EntryFilter(search="fuel")
    assert [nearest(n, fuel) for n in (1, 2, 3, 6, 7)] == [2, 2, 6, 6, 6]
    assert nearest(3, EntryFilter(search="none")) is None


# -- amounts as they are typed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "least", "most", "again"),
    [
        ("", None, None, ""),
        ("500", 50_000, 50_000, "500.00"),
        ("500..2,000", 50_000, 200_000, "500.00..2000.00"),
        (" 1.2k.. ", 120_000, None, "1200.00.."),
        ("..50", None, 5_000, "..50.00"),
        (">1000", 100_001, None, "1000.01.."),
        (">=1000", 100_000, None, "1000.00.."),
        ("< 50", None, 4_999, "..49.99"),
        ("<=50", None, 5_000, "..50.00"),
        ("0..0", 0, 0, "0.00"),
    ],
)
def test_amounts_are_read_and_can_be_typed_again(typed: str, least: int | None, most: int | None, again: str) -> None:
    found = parse_amount_range("amount", typed, "KES")
    assert (found.least and found.least.minor, found.most and found.most.minor) == (least, most)
    assert found.text == again
    assert parse_amount_range("amount", found.text, "KES") == found


@pytest.mark.parametrize("typed", ["..", "abc", "5..x", "2000..500", ">", "<0", "1.234", "-5", "１２", "5..6..7"])
def test_what_is_no_range_of_amounts_is_refused_with_what_was_expected(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_amount_range("amount", typed, "KES")
    assert "such as" in refused.value.fields["amount"] or "above zero" in refused.value.fields["amount"]


def test_an_empty_range_is_every_amount() -> None:
    assert parse_amount_range("amount", "  ", "KES") == AmountRange(None, None)


# -- places ------------------------------------------------------------------------------------------------------------


def test_a_place_is_a_number_a_day_or_a_document() -> None:
    today = date(2026, 3, 14)
    assert parse_target("4,711", today) == 4711
    assert parse_target("2026-03-01", today) == MARCH
    assert parse_target("yesterday", today) == date(2026, 3, 13)
    assert parse_target("pay-12", today) == "PAY-12" and parse_target("nbi:3", today) == "NBI:3"
    for typed in ("", "soon", "2026-13-01", "4711x", ":3"):
        with pytest.raises(InvalidInput) as refused:
            parse_target(typed, today)
        assert "4711" in refused.value.fields["place"]


def test_an_entry_is_found_by_number_and_by_day(desk: Desk, reader: Actor, book: LedgerFund) -> None:
    def place(target: int | date | str) -> tuple[int, str]:
        spot = desk.read(reader, ledger_places.find, book, target)
        return spot.sequence, spot.note

    assert place(4) == (4, "")
    assert place(date(2026, 3, 3)) == (2, "")
    assert place(date(2026, 3, 10)) == (4, "No entry on 2026-03-10; the next is of 2026-03-20.")
    assert place(date(2025, 1, 1)) == (1, "The ledger begins on 2026-03-02.")
    assert place(date(2027, 1, 1)) == (7, "The ledger ends on 2026-04-30, entry 7.")
    with pytest.raises(NotFound, match="no entry 8: the ledger of NBI has entries 1 to 7"):
        place(8)
    with pytest.raises(NotFound, match="no entry 0"):
        place(0)


def test_an_entry_is_found_by_what_it_comes_from(desk: Desk) -> None:
    people = story.trading_company(desk, kind=DEMO)
    payment = story.approved(desk, people["staff"], "4500")
    executed = story.pay(desk, payment)
    reader = people["treasury"]
    book = desk.read(reader, ledger_views.open_ledger, "HQ")
    names = [payment, payment.lower(), "PAY-1", "REQ-000001", executed.voucher_number or "", "JNL-NBI-000002", "NBI:2"]
    for name in names:
        spot = desk.read(reader, ledger_places.find, book, name.upper())
        assert (spot.fund_code, spot.sequence) == ("NBI", 2), name
        assert desk.read(reader, ledger_views.show_entry, name).payment == payment
    unpaid = story.request(desk, people["staff"], "100")
    for name in (unpaid, "PAY-999999", "PCV-NBI-2026-99999", "RPL-000001", "REQ-12X"):
        with pytest.raises(NotFound, match="No ledger that you may read"):
            desk.read(reader, ledger_places.find, book, name)
    with pytest.raises(NotFound, match="No ledger that you may read"):
        desk.read(people["staff"], ledger_places.find_named, payment)
    entry = desk.read(reader, ledger_views.show_entry, payment)
    assert desk.read(reader, ledger_origin.requisition, entry.id).number == "REQ-000001"
    opening = desk.read(reader, ledger_views.show_entry, "NBI:1")
    with pytest.raises(NotFound, match="No payment"):
        desk.read(reader, ledger_origin.payment_id, opening.id)


def test_an_entry_of_another_company_is_not_found(desk: Desk) -> None:
    story.trading_company(desk, kind=DEMO)
    other = story.trading_company(desk, "OTHER", prefix="other.")
    payment = story.approved(desk, building.actor(desk, "staff"), "4500")
    story.pay(desk, payment)
    with pytest.raises(NotFound):
        desk.read(other["treasury"], ledger_places.find_named, payment)


# -- whether it adds up ------------------------------------------------------------------------------------------------


def test_a_sound_ledger_adds_up(desk: Desk, reader: Actor, book: LedgerFund) -> None:
    assert desk.read(reader, ledger_checks.tip, book).adds_up
    entries = desk.read(reader, ledger_views.list_entries, book, EntryFilter()).items
    assert desk.read(reader, ledger_checks.broken, book, entries) == frozenset()
    assert desk.read(reader, ledger_checks.broken, book, entries[3:5]) == frozenset()
    assert desk.read(reader, ledger_checks.broken, book, [entries[2], entries[5]]) == frozenset()


def test_an_entry_that_does_not_follow_from_the_one_before_is_named(
    desk: Desk, reader: Actor, book: LedgerFund
) -> None:
    cash_book.write(desk, "NBI", [Line(-100, date(2026, 5, 1), off=7), Line(-100, date(2026, 5, 1))])
    entries = desk.read(reader, ledger_views.list_entries, book, EntryFilter()).items
    assert desk.read(reader, ledger_checks.broken, book, entries) == {8}
    assert desk.read(reader, ledger_checks.broken, book, entries[7:]) == {8}
    assert desk.read(reader, ledger_checks.broken, book, entries[8:]) == frozenset()
    assert not ledger_checks.whole_adds_up(desk.read(reader, ledger_totals.count, book, EntryFilter()))
    assert desk.read(reader, ledger_checks.tip, book).adds_up, "only the way there is wrong"


def test_a_fund_that_has_not_what_its_ledger_says_does_not_add_up(desk: Desk, reader: Actor, book: LedgerFund) -> None:
    cash_book.set_balance(desk, "NBI", 9_999_999)
    found = desk.read(reader, ledger_checks.tip, book)
    assert not found.adds_up
    assert (found.fund_balance, found.last_balance, found.last_sequence) == (kes(9_999_999), kes(9_562_000), 7)
