"""The file that goes to a bank: its structure as published, its text as banks take it, its accounts checked."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import banking
import pytest

from pettycash_tui.gateways import bank_file, pain001
from pettycash_tui.gateways.bank_account import AccountRefused, BankAccount, parse_account, parse_bank_code
from pettycash_tui.gateways.bank_csv import COLUMNS
from pettycash_tui.gateways.bank_text import bank_text, is_readable
from pettycash_tui.gateways.bank_transfers import BankFile, BankLine
from pettycash_tui.models.enums import BatchFormat
from pettycash_tui.services.export_csv import begins_a_formula

SPACE = {"p": pain001.NAMESPACE}
NASTY = [
    "=cmd|' /C calc'!A0",
    "+44 20 7946 0000",
    "-1+1",
    "@SUM(A1)",
    "Müller & Söhne <GmbH>",
    "Łukasz Żółć",
    "Jean-François d’Été",
    "  //double//slash//  ",
    "]]><evil/>",
    "Mwangi\u200c\u200d",
    "a" * 300,
    "x" * 69 + " y",
    "ﬁne ½ ㎏",
]


def described(lines: Iterable[BankLine], **changes: object) -> tuple[BankFile, list[BankLine]]:
    kept = list(lines)
    file = BankFile(
        message_id="BAT-000001-ACME",
        created_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        debtor="Acme Ltd",
        account=BankAccount("0114200781", False, "EQBLKENA"),
        execution_date=date(2026, 3, 3),
        currency="KES",
        line_count=len(kept),
        control_sum=sum(line.amount for line in kept),
    )
    return replace(file, **changes), kept  # type: ignore[arg-type]


def transfer(at: int = 1, account: str = banking.ACCOUNT, **changes: object) -> BankLine:
    made = BankLine(f"PAY-{at:06d}-1-ACME", "Total Energies", parse_account(account), 450_000 + at, "Fuel for the van")
    return replace(made, **changes)  # type: ignore[arg-type]


def written(file: BankFile, lines: Iterable[BankLine], format: BatchFormat = BatchFormat.PAIN001) -> bytes:
    return b"".join(bank_file.parts(file, lines, format))


def read(content: bytes) -> ElementTree.Element:
    """The message, after the published structure has taken it."""
    banking.structure().validate(content.decode())
    return ElementTree.fromstring(content)


def text(root: ElementTree.Element, path: str) -> str:
    found = root.find("p:CstmrCdtTrfInitn/" + "/".join(f"p:{part}" for part in path.split("/")), SPACE)
    assert found is not None, path
    return found.text or ""


# --- pain.001 ---------------------------------------------------------------------------------------------------------


def test_the_message_is_what_iso_20022_publishes_and_says_what_was_described() -> None:
    lines = [transfer(1), transfer(2, banking.IBAN), transfer(3, "0110-2233-44"), transfer(4, "01/0110223344")]
    root = read(written(*described(lines)))

    assert text(root, "GrpHdr/MsgId") == text(root, "PmtInf/PmtInfId") == "BAT-000001-ACME"
    assert text(root, "GrpHdr/CreDtTm") == "2026-03-02T09:00:00Z"
    for above in ("GrpHdr", "PmtInf"):
        assert (text(root, f"{above}/NbOfTxs"), text(root, f"{above}/CtrlSum")) == ("4", "18000.10")
    assert text(root, "PmtInf/ReqdExctnDt/Dt") == "2026-03-03"
    assert text(root, "PmtInf/DbtrAcct/Id/Othr/Id") == "0114200781"
    assert text(root, "PmtInf/DbtrAgt/FinInstnId/BICFI") == "EQBLKENA"
    assert text(root, "PmtInf/ChrgBr") == "SHAR"
    found = root.findall("p:CstmrCdtTrfInitn/p:PmtInf/p:CdtTrfTxInf", SPACE)
    said = [
        [
            line.findtext(path, "", SPACE)
            for path in (
                "p:PmtId/p:EndToEndId",
                "p:Amt/p:InstdAmt",
                "p:CdtrAgt/p:FinInstnId/p:BICFI",
                "p:CdtrAgt/p:FinInstnId/p:ClrSysMmbId/p:MmbId",
                "p:CdtrAcct/p:Id/p:IBAN",
                "p:CdtrAcct/p:Id/p:Othr/p:Id",
            )
        ]
        for line in found
    ]
    assert said == [
        ["PAY-000001-1-ACME", "4500.01", "EQBLKENA", "", "", "0123456789"],
        ["PAY-000002-1-ACME", "4500.02", "", "", banking.IBAN, ""],
        ["PAY-000003-1-ACME", "4500.03", "", "", "", "0110223344"],
        ["PAY-000004-1-ACME", "4500.04", "", "01", "", "0110223344"],
    ]


@pytest.mark.parametrize(("currency", "amount", "bearer"), [("JPY", "450001", "SHAR"), ("TND", "450.001", "SHAR")])
def test_amounts_have_the_currencys_decimals(currency: str, amount: str, bearer: str) -> None:
    root = read(written(*described([transfer()], currency=currency)))
    assert text(root, "PmtInf/CdtTrfTxInf/Amt/InstdAmt") == text(root, "GrpHdr/CtrlSum") == amount
    assert text(root, "PmtInf/ChrgBr") == bearer


def test_in_euro_the_scheme_says_who_bears_the_charges_and_a_bank_may_be_unnamed() -> None:
    debtor = parse_account("FR14 2004 1010 0505 0001 3M02 606")
    root = read(written(*described([transfer(account=banking.IBAN)], currency="EUR", account=debtor)))
    assert text(root, "PmtInf/ChrgBr") == "SLEV"
    assert text(root, "PmtInf/DbtrAcct/Id/IBAN") == "FR1420041010050500013M02606"
    assert text(root, "PmtInf/DbtrAgt/FinInstnId/Othr/Id") == "NOTPROVIDED"


@pytest.mark.parametrize("nasty", NASTY)
def test_whatever_people_typed_the_file_is_valid_and_no_spreadsheet_runs_it(nasty: str) -> None:
    file, lines = described([transfer(payee=nasty, remittance=nasty)], debtor=nasty)
    root = read(written(file, lines))
    assert len(text(root, "PmtInf/CdtTrfTxInf/Cdtr/Nm")) <= 70
    assert len(text(root, "PmtInf/CdtTrfTxInf/RmtInf/Ustrd")) <= 140
    rows = list(csv.reader(io.StringIO(written(file, lines, BatchFormat.CSV).decode())))
    assert not [cell for row in rows for cell in row if begins_a_formula(cell)]
    assert {len(row) for row in rows} == {len(COLUMNS)}


def test_the_largest_sums_fit_the_structure() -> None:
    lines = [transfer(at, amount=10**14) for at in range(1, 9)]
    root = read(written(*described(lines)))
    assert text(root, "GrpHdr/CtrlSum") == "8000000000000.00"


def test_lines_that_are_not_what_stands_above_them_make_no_file() -> None:
    file, lines = described([transfer(1), transfer(2)])
    for wrong in (lines[:1], [*lines, transfer(3)], [lines[0], replace(lines[1], amount=1)]):
        with pytest.raises(ValueError, match="were written, not"):
            written(file, wrong)


@pytest.mark.parametrize("format", BatchFormat)
def test_thousands_of_lines_are_written_in_the_memory_of_one(format: BatchFormat) -> None:
    one, count = transfer(), 20_000

    def lines() -> Iterator[BankLine]:
        for _ in range(count):
            yield one

    file, _ = described([one], line_count=count, control_sum=count * one.amount)
    size = sum(map(len, bank_file.parts(*described([one]), format)))
    tracemalloc.start()
    total = sum(map(len, bank_file.parts(file, lines(), format)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > count * 60 > size
    assert peak < 500_000


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_a_csv_file_has_a_line_for_each_transfer_and_a_total() -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(written(*described([transfer(1), transfer(2, banking.IBAN)]), BatchFormat.CSV).decode())
        )
    )
    assert [row["record"] for row in rows] == ["transfer", "transfer", "total"]
    assert (rows[0]["bank_code"], rows[0]["account"], rows[0]["amount"]) == ("EQBLKENA", "0123456789", "4500.01")
    assert (rows[1]["bank_code"], rows[1]["account"], rows[1]["end_to_end_id"]) == (
        "",
        banking.IBAN,
        "PAY-000002-1-ACME",
    )
    assert (rows[2]["count"], rows[2]["amount"], rows[2]["end_to_end_id"]) == ("2", "9000.03", "BAT-000001-ACME")
    assert {(row["currency"], row["execution_date"], row["debit_account"]) for row in rows} == {
        ("KES", "2026-03-03", "0114200781")
    }


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Müller & Söhne", "Muller + Sohne"),
        ("Jean-François d’Été", "Jean-Francois d'Ete"),
        ("Łukasz Żółć", "Lukasz Zolc"),
        ("Straße 5 – Hof", "Strasse 5 - Hof"),
        ("Ærø Ø", "AEro O"),
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("//a//b/", "a/b"),
        ("=1+1", "1+1"),
        ("100 % sure; [really]", "100 . sure, (really)"),
        ("pay@bank_one", "pay(at)bank-one"),
        ("ﬁne", "fine"),
        ("日本", ""),
    ],
)
def test_text_is_written_as_banks_take_it_and_stays_readable(typed: str, sent: str) -> None:
    assert bank_text(typed, 70) == sent


@pytest.mark.parametrize(
    ("name", "readable"),
    [("Łódź", True), ("Total", True), ("日本商事", False), ("Иван Petrov", True), ("Иван P", False), ("+++", False)],
)
def test_a_name_that_would_lose_most_of_its_letters_is_told_apart(name: str, readable: bool) -> None:
    assert is_readable(name) is readable


# --- accounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "account"),
    [
        ("de89 3704 0044 0532 0130 00", BankAccount(banking.IBAN, True)),
        ("GB82WEST12345698765432", BankAccount("GB82WEST12345698765432", True)),
        ("NO93 8601 1117 947", BankAccount("NO9386011117947", True)),
        ("eqblkena / 0123 456 789", BankAccount("0123456789", False, "EQBLKENA")),
        ("EQBLKENAXXX/DE89370400440532013000", BankAccount(banking.IBAN, True, "EQBLKENAXXX")),
        ("68-000/0110-2233-44", BankAccount("0110223344", False, "68-000")),
        ("0110 2233 44", BankAccount("0110223344", False)),
        ("AC12-99", BankAccount("AC12-99", False)),
    ],
)
def test_an_account_is_read_as_people_write_it(typed: str, account: BankAccount) -> None:
    assert parse_account(typed) == account


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "must be an IBAN"),
        ("see the invoice", "must be an IBAN"),
        ("Equity 0123456789", "must be an IBAN"),
        ("12", "must be an IBAN"),
        ("/0123456789", "must be an IBAN"),
        ("EQBLKENA/", "must be an IBAN"),
        ("a bank, really/0123456789", "BIC"),
        ("0" * 35, "must be an IBAN"),
        ("DE89370400440532013001", "check digits 89 are wrong"),
        ("DE8937040044053201300", "22 characters for DE"),
        ("XX12ABCDEFGH", "15 to 34 characters"),
        ("０１２３４５", "must be an IBAN"),
        ("0123\x00456", "must be an IBAN"),
    ],
)
def test_what_is_no_account_is_refused_with_what_was_expected(typed: str, told: str) -> None:
    with pytest.raises(AccountRefused, match=told):
        parse_account(typed)


def test_every_slip_of_one_digit_in_an_iban_is_found() -> None:
    for at in range(2, len(banking.IBAN)):
        slipped = banking.IBAN[:at] + str((int(banking.IBAN[at]) + 1) % 10) + banking.IBAN[at + 1 :]
        with pytest.raises(AccountRefused, match="check digits"):
            parse_account(slipped)


def test_a_bank_is_named_by_its_bic_or_its_clearing_code() -> None:
    assert BankAccount("1", False, parse_bank_code("eqbl ke na")).bic == "EQBLKENA"
    assert BankAccount("1", False, parse_bank_code("68")).bic == ""
    with pytest.raises(AccountRefused, match="at most 20"):
        parse_bank_code("A" * 21)
