"""Which vouchers a replenishment covers, what they come to, and how the claim reads on paper."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import books
import pytest
import story
from pypdf import PdfReader
from rich.cells import cell_len
from sqlalchemy import event, insert, select, update
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.columns import new_id
from pettycash_tui.printing import claim as paper
from pettycash_tui.services import claims, execution, journals, replenishment_views, replenishments
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import NotAllowed


@pytest.fixture
def desk(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk on the books of a company that trades; codes are written to the outbox."""
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    return trading.desk


@pytest.fixture
def people(trading: Trading) -> Trading:
    """The people of that company."""
    return trading


def paid(desk: Desk, people: Trading, amount: str = "4500", **fields: str | bool) -> str:
    number = story.approved(desk, people["staff"], amount, **fields)
    return story.pay(desk, number).voucher_number


def ask(desk: Desk, people: Trading, fund: str = "NBI", amount: str | None = None) -> str:
    return desk.run(people["cfo"], replenishments.request, fund, amount).number


def approve(desk: Desk, people: Trading, number: str) -> None:
    desk.run(people["group_finance_manager"], replenishments.approve, number)


def complete(desk: Desk, people: Trading, number: str, reference: str, amount: str | None = None) -> None:
    desk.run(people["treasury"], replenishments.complete, number, reference, amount)


def vouchers(desk: Desk, people: Trading, number: str) -> list[str | None]:
    return [line.voucher_number for line in desk.read(people["cfo"], claims.show, number).lines]


def test_a_claim_lists_what_was_paid_since_the_claim_before(desk: Desk, people: Trading) -> None:
    first, second = paid(desk, people), paid(desk, people, "700")
    asked = ask(desk, people)
    later = paid(desk, people, "800")

    assert vouchers(desk, people, asked) == [first, second]

    approve(desk, people, asked)
    complete(desk, people, asked, "BANK-1")
    again = ask(desk, people)
    assert vouchers(desk, people, again) == [later]
    books.check(desk)


def test_a_rejected_claim_gives_its_vouchers_back(desk: Desk, people: Trading) -> None:
    voucher = paid(desk, people)
    asked = ask(desk, people)
    approve(desk, people, asked)
    desk.run(people["cfo"], replenishments.reject, asked, "wrong fund")

    again = ask(desk, people)

    assert vouchers(desk, people, again) == vouchers(desk, people, asked) == [voucher]
    books.check(desk)


def test_the_payment_that_leaves_a_fund_low_is_in_the_claim_it_causes(desk: Desk, people: Trading) -> None:
    number = story.approved(desk, people["staff"], "60000")
    statements: list[str] = []
    code = story.code_for(desk, number)
    event.listen(desk.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    done = execution.execute(desk, story.executor_of(desk, number), number, code=code)

    assert done.replenishment is not None
    assert vouchers(desk, people, done.replenishment) == [done.voucher_number]
    assert len([sql for sql in statements if "INTO replenishment_voucher" in sql]) == 1


def test_what_comes_short_is_seen_and_the_fund_asks_again(desk: Desk, people: Trading) -> None:
    paid(desk, people, "60000")
    (asked,) = desk.read(people["cfo"], replenishment_views.list_replenishments).items
    approve(desk, people, asked.number)
    complete(desk, people, asked.number, "BANK-1", "5000")

    found = desk.read(people["cfo"], replenishment_views.show, asked.number)
    assert (found.is_partly_funded, found.state, found.state_label) == (True, "partly_funded", "Partly funded")
    assert desk.read(people["cfo"], claims.show, asked.number).state_label == "Partly funded"
    assert found.short_by is not None and found.short_by == asked.requested_amount - found.completed_amount  # type: ignore[operator]
    newest = desk.read(people["cfo"], replenishment_views.list_replenishments).items[0]
    assert (newest.auto_triggered, newest.status) == (True, "pending")
    assert newest.number != asked.number
    assert vouchers(desk, people, newest.number) == []
    books.check(desk)


def test_more_than_was_asked_for_is_booked_as_it_came(desk: Desk, people: Trading) -> None:
    asked = ask(desk, people, "MSA", "1000")
    approve(desk, people, asked)
    complete(desk, people, asked, "BANK-1", "1500")

    found = desk.read(people["cfo"], replenishment_views.show, asked)
    assert (found.is_partly_funded, found.short_by, found.completed_amount.plain()) == (False, None, "1500.00")  # type: ignore[union-attr]


def center(desk: Desk, code: str, table: str, named: str) -> None:
    """Make a cost centre and let a category or a person name it."""
    owner = t.metadata.tables[table]
    with desk.engine.begin() as connection:
        handle = owner.c.username if table == "user" else owner.c.code
        company = connection.execute(select(owner.c.company_id).where(handle == named)).scalars().first()
        made = {"id": new_id(), "company_id": company, "code": code, "name": f"{code} centre", "is_active": True}
        when = desk.clock()
        connection.execute(insert(t.cost_center).values(**made, created_at=when, updated_at=when))
        connection.execute(update(owner).where(handle == named).values(cost_center_id=made["id"]))


def test_the_lines_are_summed_by_account_and_cost_centre(desk: Desk, people: Trading) -> None:
    center(desk, "CARS", "category", "travel")
    center(desk, "SHOP", "user", "staff")
    paid(desk, people, "100", category="travel")
    paid(desk, people, "200", category="travel")
    paid(desk, people, "50")

    found = desk.read(people["cfo"], claims.show, ask(desk, people))

    sums = [
        (each.account.code, each.cost_center and each.cost_center.code, each.count, each.amount.plain())
        for each in found.totals
    ]
    assert sums == [("5000", "SHOP", 1, "50.00"), ("5100", "CARS", 2, "300.00")]
    assert found.total.plain() == "350.00"
    assert found.total + found.beyond == found.requested_amount


def test_every_entry_is_a_balanced_journal(desk: Desk, people: Trading) -> None:
    paid(desk, people, "100")
    entries = list(desk.read(people["cfo"], lambda reading: list(journals.journal(reading, "NBI"))))

    opening, payment = entries
    assert (opening.debit_account.code, opening.credit_account.code) == ("PC-NBI", "3000")
    assert (payment.debit_account.code, payment.credit_account.code) == ("5000", "PC-NBI")
    for entry in entries:
        debit, credit = entry.lines
        assert debit.debit == credit.credit == entry.amount
        assert entry.amount.minor > 0
        assert debit.credit is credit.debit is None
    (shown,) = desk.read(people["cfo"], journals.show, payment.journal)
    assert shown == payment
    day = payment.date
    narrowed = desk.read(people["cfo"], lambda r: list(journals.journal(r, "NBI", from_date=day, to_date=day, after=1)))
    assert narrowed == [payment]


def test_a_clerk_reads_no_claim(desk: Desk, people: Trading) -> None:
    asked = ask(desk, people, "NBI", "100")
    with pytest.raises(NotAllowed):
        desk.read(people["staff"], claims.show, asked)


LONG = "Ośrodek Żywności Łódź " * 8


@pytest.mark.parametrize("payee", ["Shop & Söhne", LONG.strip(), "مكتبة المدينة", "東京商店", '=HYPERLINK("x")'])
def test_the_paper_says_all_of_it_in_any_script(desk: Desk, people: Trading, payee: str) -> None:
    voucher = paid(desk, people, "12345.67", payee=payee[:190])
    found = desk.read(people["cfo"], claims.show, ask(desk, people))

    text = paper.claim_text(found)
    assert voucher in text
    assert max(map(cell_len, text.splitlines())) <= paper.WIDTH
    amounts = [line for line in text.splitlines() if line.endswith("12,345.67")]
    assert len(amounts) >= 3 and {cell_len(line) for line in amounts} == {paper.WIDTH}

    made = BytesIO()
    paper.write_pdf(found, made)
    pages = "\n".join(page.extract_text() for page in PdfReader(made).pages)
    assert voucher in pages and "12,345.67" in pages and found.number in pages
    assert "Approved by" in pages


def test_a_long_claim_has_its_headings_on_every_page(desk: Desk, people: Trading) -> None:
    paid(desk, people, "10")
    found = desk.read(people["cfo"], claims.show, ask(desk, people))
    many = replace(found, lines=found.lines * 200)

    made = BytesIO()
    paper.write_pdf(many, made)
    pages = [page.extract_text() for page in PdfReader(made).pages]
    assert len(pages) > 2
    assert all("What for" in page for page in pages[:-1])
    assert sum(page.count(str(found.lines[0].voucher_number)) for page in pages) == 200
    assert "200 vouchers" in pages[-1]
