"""A cash book for other programs: each format is read back by a reader of its own and agrees with the books."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cash_book
import hledger
import openpyxl
import pytest
import story
from beancount import loader
from beancount.core.data import Balance, Open, Transaction
from cash_book import Line
from sqlalchemy import select
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.services import (
    book_export,
    book_lines,
    export_files,
    funds,
    replenishments,
    transfers,
    variances,
)
from pettycash_tui.services.book_export import BookFormat, export_book, file_name
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import InvalidInput, NotAllowed, NotFound
from pettycash_tui.services.export import Exported
from pettycash_tui.services.export_progress import ExportStopped, Progress
from pettycash_tui.services.identity import SYSTEM, Actor

HOSTILE = (
    "=CMD()",
    "@SUM(A1)",
    'a "quoted" \\ backslash',
    "semi;colon | pipe, comma: colon",
    "<b>&amp;</b>]]>",
    "株式会社ハラダ 🚚 José",
    "x" * 400,
    "two  blanks",
    "(virtual) [balanced] *!",
    "\u05d0\u05d1\u05d2",
)


@pytest.fixture
def people(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, Actor]:
    """Opening, two payments, money that comes in, and lines with whatever people write, over three months."""
    monkeypatch.setenv("PETTYCASH_OUTBOX", "1")
    people = story.trading_company(desk)
    story.pay(desk, story.approved(desk, people["staff"], "4500", payee='Total; "Energies" | Ltd', purpose="=1+1"))
    story.pay(desk, story.approved(desk, people["staff"], "60000"))
    number = next(iter(replenishments_of(desk)))
    desk.run(people["group_finance_manager"], replenishments.approve, number)
    desk.run(people["treasury2"], replenishments.complete, number, "FT-1")
    lines = [Line(-(100 + place), date(2027, 1, 5 + place), text) for place, text in enumerate(HOSTILE)]
    cash_book.write(desk, "NBI", [*lines, Line(-250, date(2027, 2, 1), kind="adjustment"), Line(300, date(2027, 2, 2))])
    return people


def replenishments_of(desk: Desk) -> list[str]:
    return desk.read(SYSTEM, lambda reading: reading.execute(select(t.replenishment.c.number)).scalars().all())


Take = Callable[..., bytes]


@pytest.fixture
def take(desk: Desk, people: dict[str, Actor], tmp_path: Path) -> Take:
    """The bytes of an export of NBI by the CFO."""

    def take(format: BookFormat, **days: Any) -> bytes:
        path = tmp_path / f"book.{format.ending}"
        with export_files.at_path(path, replace=True) as draft:
            done = export_book(desk, people["cfo"], "NBI", draft, format, **days)
        assert isinstance(done, Exported)
        return path.read_bytes()

    return take


def balances(desk: Desk, **days: Any) -> tuple[Decimal, dict[str, Decimal]]:
    """What the ledger itself says: the fund's balance, and the sum on each contra account by code."""
    cfo = story.find_actor(desk, "cfo")
    book = desk.read(cfo, book_lines.open_book, "NBI", days.get("from_day"), days.get("to_day"))
    sums: Counter[str] = Counter()
    e = t.ledger_entry.c
    for row in desk.read(cfo, lambda reading: reading.execute(select(t.ledger_entry, t.account.c.code).join(
        t.account, t.account.c.id == e.contra_account_id).where(e.fund_id == book.fund_id)).all()):  # fmt: skip
        if (days.get("from_day") or date.min) <= row.value_date <= (days.get("to_day") or date.max):
            sums[row.code] += row.amount if row.entry_type == "debit" else -row.amount
    return book.money(book.closing).decimal, {code: book.money(minor).decimal for code, minor in sums.items()}


PERIODS: list[dict[str, Any]] = [
    {},
    {"from_day": date(2027, 1, 7), "to_day": date(2027, 1, 31)},
    {"to_day": date(2026, 12, 31)},
    {"from_day": date(2030, 1, 1), "to_day": date(2030, 1, 31)},
    {"from_day": date(1960, 1, 1)},
]


def code_of(account: str) -> str:
    return account.partition(":")[2].partition("-")[0]


def test_beancount_loads_it_and_has_our_balances(desk: Desk, take: Take) -> None:
    for days in PERIODS:
        entries, errors, _ = loader.load_string(take(BookFormat.BEANCOUNT, **days).decode())
        assert errors == []
        found: dict[str, Decimal] = {}
        for entry in entries:
            if isinstance(entry, Transaction):
                for posting in entry.postings:
                    found[posting.account] = found.get(posting.account, Decimal()) + posting.units.number
        closing, sums = balances(desk, **days)
        own = next(account for account in (e.account for e in entries if isinstance(e, Balance)))
        assert found.pop(own, Decimal()) == closing
        found.pop("Equity:Opening-Balances-Of-Export", None)
        assert {code_of(account): number for account, number in found.items()} == sums
        assert len([entry for entry in entries if isinstance(entry, Balance)]) >= 1
        assert len({entry.account for entry in entries if isinstance(entry, Open)}) >= len(sums)


def test_beancount_keeps_what_people_wrote(take: Take) -> None:
    entries, _, _ = loader.load_string(take(BookFormat.BEANCOUNT).decode())
    told = [entry for entry in entries if isinstance(entry, Transaction)]
    narrations = {entry.narration for entry in told}
    assert {text for text in HOSTILE if "  " not in text} <= narrations
    paid = next(entry for entry in told if entry.meta.get("payment") == "PAY-000001")
    assert paid.payee == 'Total; "Energies" | Ltd'
    assert paid.meta["voucher"].startswith("PCV-NBI-")
    assert paid.links == {"JNL-NBI-000002"}


def test_hledger_accepts_it_strictly_and_has_our_balances(desk: Desk, take: Take) -> None:
    for days in PERIODS:
        found = hledger.check(take(BookFormat.HLEDGER, **days).decode())
        closing, sums = balances(desk, **days)
        own = [account for account in found if code_of(account) not in sums and "Opening-Balances-Of" not in account]
        assert sum((found.pop(account) for account in own), Decimal()) == closing
        found.pop("Equity:Opening-Balances-Of-Export", None)
        assert {code_of(account): number for account, number in found.items()} == sums


def test_transfers_and_variances_balance_in_the_book_of_each_fund(trading: Trading, tmp_path: Path) -> None:
    """Both entries of a transfer share a journal: each fund's book has its own, against the same account between."""
    desk = trading.desk
    trading.set_company(otp_threshold=10**15)
    payment = trading.approved(amount="4500")
    story.execution.execute(desk, story.executor_of(desk, payment), payment)
    variance = desk.run(trading["treasury"], variances.record, payment, "4,750.50", "the receipt says so").number
    desk.run(trading["cfo"], variances.approve, variance)
    transfer = desk.run(trading["treasury"], transfers.request, "HQ", "NBI", "25,000.50", "").number
    desk.run(trading["cfo"], transfers.approve, transfer)
    between = Counter[str]()
    for fund in ("HQ", "NBI"):
        texts = {}
        for format in (BookFormat.BEANCOUNT, BookFormat.HLEDGER):
            path = tmp_path / f"{fund}.{format.ending}"
            with export_files.at_path(path, replace=False) as draft:
                export_book(desk, trading["cfo"], fund, draft, format)
            texts[format] = path.read_text()
        entries, errors, _ = loader.load_string(texts[BookFormat.BEANCOUNT])
        assert errors == []
        sums = Counter[str]()
        for entry in entries:
            if isinstance(entry, Transaction):
                for posting in entry.postings:
                    assert posting.units is not None and posting.units.number is not None
                    sums[posting.account] += posting.units.number  # type: ignore[assignment]
        assert sums == hledger.check(texts[BookFormat.HLEDGER])
        own = next(entry.account for entry in entries if isinstance(entry, Balance))
        assert sums[own] == desk.read(trading["cfo"], funds.show, fund).current_balance.decimal
        moved = next(entry for entry in entries if isinstance(entry, Transaction) and transfer in entry.narration)
        assert moved.links == {"JNL-HQ-000002"}
        between.update({posting.account: posting.units.number for posting in moved.postings if posting.account != own})
    assert [*between.values()] == [0]


def test_our_own_reader_would_notice_a_journal_that_does_not_hold(take: Take) -> None:
    journal = take(BookFormat.HLEDGER).decode()
    for broken in (
        journal.replace("-4500.00", "-4500.01", 1),
        journal.replace(" = 100000.00", " = 100000.01", 1),
        journal.replace("account Expenses", "; account Expenses"),
    ):
        assert broken != journal
        with pytest.raises(AssertionError):
            hledger.read(broken)


def test_ofx_is_read_back_in_the_order_of_the_standard(desk: Desk, people: dict[str, Actor], take: Take) -> None:
    available = desk.read(people["cfo"], funds.show, "NBI").available.decimal
    today = f"{desk.clock():%Y%m%d}120000"
    for days in PERIODS:
        text = take(BookFormat.OFX, **days)
        statement = ElementTree.fromstring(text).find("./BANKMSGSRSV1/STMTTRNRS/STMTRS")
        assert statement is not None
        order = ["CURDEF", "BANKACCTFROM", "BANKTRANLIST", "LEDGERBAL", "AVAILBAL"]
        assert [child.tag for child in statement] == order
        rows = statement.findall("./BANKTRANLIST/STMTTRN")
        for row in rows:
            assert [c.tag for c in row] == ["TRNTYPE", "DTPOSTED", "TRNAMT", "FITID", "REFNUM", "NAME", "MEMO"]
            assert 1 <= len(row.findtext("NAME") or "") <= 32
            assert 1 <= len(row.findtext("MEMO") or "") <= 255
            assert (row.findtext("TRNTYPE") == "DEBIT") == (row.findtext("TRNAMT") or "").startswith("-")
        assert len({row.findtext("FITID") for row in rows}) == len(rows)
        closing, sums = balances(desk, **days)
        assert Decimal(statement.findtext("./LEDGERBAL/BALAMT") or "") == closing
        begins, ends = (statement.findtext(f"./BANKTRANLIST/{name}") or "" for name in ("DTSTART", "DTEND"))
        assert begins <= ends == statement.findtext("./LEDGERBAL/DTASOF")
        # What is free is known of today only, whatever the period.
        assert Decimal(statement.findtext("./AVAILBAL/BALAMT") or "") == available
        assert statement.findtext("./AVAILBAL/DTASOF") == today
        assert sum((Decimal(row.findtext("TRNAMT") or "") for row in rows), Decimal()) == -sum(sums.values())
    whole = ElementTree.fromstring(take(BookFormat.OFX))
    assert {text[:255] for text in HOSTILE if "  " not in text} <= {memo.text for memo in whole.iter("MEMO")}


def test_a_spreadsheet_has_both_accounts_numbers_and_no_formula(desk: Desk, take: Take, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(take(BookFormat.CSV).decode("utf-8-sig"))))
    closing, _ = balances(desk)
    assert Decimal(rows[-1]["Balance"]) == closing
    assert not any(value.startswith(("=", "@", "+")) for row in rows for value in row.values())
    assert {"'=CMD()", "'@SUM(A1)"} <= {row["Description"] for row in rows}
    paid = next(row for row in rows if row["Payment"] == "PAY-000001")
    assert (paid["Account debited"][:4], paid["Paid out"], paid["Paid in"]) == ("5000", "4500.00", "")
    (tmp_path / "b.xlsx").write_bytes(take(BookFormat.XLSX))
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx").active
    assert sheet is not None
    cells = list(sheet.iter_rows())
    assert len(cells) == len(rows) + 1
    titles = [str(cell.value) for cell in cells[0]]
    place = titles.index("Balance")
    assert Decimal(str(cells[-1][place].value)) == closing
    assert all(cell.data_type != "f" for row in cells for cell in row)


def test_the_lines_of_a_book_follow_from_one_page_to_the_next(
    desk: Desk, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lines(size: int) -> list[Any]:
        monkeypatch.setattr(book_lines, "PAGE", size)

        def read(reading: Any) -> list[Any]:
            book = book_lines.open_book(reading, "NBI", date(2027, 1, 1), None)
            return [line for page in book_lines.pages(reading, book) for line in page]

        return desk.read(people["cfo"], read)

    whole = lines(1000)
    assert lines(1) == lines(3) == whole
    assert [line.sequence for line in whole] == list(range(5, 5 + len(HOSTILE) + 2))
    movements = [line.movement for line in whole]
    assert [line.balance for line in whole] == [whole[0].balance - whole[0].movement + sum(movements[: place + 1])
                                                for place in range(len(whole))]  # fmt: skip


def test_an_export_is_recorded_and_one_that_is_stopped_leaves_nothing(
    desk: Desk, people: dict[str, Actor], tmp_path: Path
) -> None:
    progress = Progress()
    progress.stop()
    with pytest.raises(ExportStopped), export_files.at_path(tmp_path / "a.ofx", replace=False) as draft:
        export_book(desk, people["cfo"], "NBI", draft, BookFormat.OFX, progress=progress)
    assert list(tmp_path.glob("*.ofx")) == []
    with export_files.at_path(tmp_path / "a.ofx", replace=False) as draft:
        done = export_book(desk, people["cfo"], "NBI", draft, BookFormat.OFX, to_day=date(2026, 12, 31))
    a = t.audit_event.c
    told = desk.read(SYSTEM, lambda r: r.execute(select(a.body).where(a.action == "ledger.exported")).scalars().all())
    (body,) = [json.loads(text) for text in told]
    assert body["data"]["sha256"] == done.sha256
    assert (body["data"]["to"], body["data"]["rows"], body["subject"]) == ("2026-12-31", done.rows, "NBI")


def test_who_may_not_read_the_ledger_gets_no_export_of_it(desk: Desk, people: dict[str, Actor], tmp_path: Path) -> None:
    for who, fund, error in (("staff", "NBI", NotAllowed), ("cfo", "NONE", NotFound)):
        with pytest.raises(error), export_files.at_path(tmp_path / "a.csv", replace=False) as draft:
            export_book(desk, people[who], fund, draft, BookFormat.CSV)
    with pytest.raises(InvalidInput, match="2027-01-02 or later"):
        book_export.check_days(date(2027, 1, 2), date(2027, 1, 1))
    assert list(tmp_path.glob("*.csv")) == []


def test_a_file_is_named_after_its_fund_and_days() -> None:
    days = date(2026, 11, 1), date(2026, 11, 30)
    assert file_name("NBI", BookFormat.HLEDGER, *days, "") == "book-NBI-2026-11-01-2026-11-30.journal"
    assert file_name("NBI", BookFormat.OFX, None, None, "2026-11-21 14:30") == "book-NBI-2026-11-21-1430.ofx"
