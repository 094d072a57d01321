"""The bank's own word on a file's lines, from its file: every bad line is named, and nothing is half-done."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import banking
import books
import pytest
from trading import Trading

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import BatchFormat
from pettycash_tui.services import bad_lines, bank_batches, bank_settling, bank_status
from pettycash_tui.services.bank_status import StatusRead
from pettycash_tui.services.errors import InvalidInput, NotAllowed, PettyCashError, Refused

HEADING = "end_to_end_id,status,reference,reason\n"


@pytest.fixture
def batch(trading: Trading) -> Trading:
    """A company with the bank file BAT-000001 of PAY-000001 to PAY-000003."""
    banking.give_accounts(trading.desk, trading.people)
    banking.without_codes(trading.desk)
    numbers = banking.transfers(trading.desk, trading.people, "1000", "2000", "3000")
    bank_batches.write(trading.desk, trading["treasury"], numbers, format=BatchFormat.PAIN001)
    return trading


def name(at: int) -> str:
    return f"PAY-{at:06d}-1-ACME"


def apply(batch: Trading, path: Path, who: str = "treasury2", **options: object) -> StatusRead:
    return bank_status.apply_file(batch.desk, batch[who], "BAT-000001", path, **options)  # type: ignore[arg-type]


def problems(batch: Trading, path: Path, **options: object) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        apply(batch, path, **options)
    assert statuses(batch) == ["executing"] * 3
    return caught.value.fields


def statuses(batch: Trading) -> list[str]:
    return [batch.row(t.payment, f"PAY-{at:06d}").status.value for at in (1, 2, 3)]


def test_a_status_file_is_rehearsed_applied_and_gone_on_with(batch: Trading, tmp_path: Path) -> None:
    first = f"{HEADING}{name(1)},confirmed,FT1,\n{name(2)},RJCT,,AC04 account closed\n{name(3)},PDNG,,\n"
    path = banking.status_file(tmp_path, first)
    rehearsed = apply(batch, path, dry_run=True)
    assert (rehearsed.confirmed, rehearsed.refused, rehearsed.pending, rehearsed.settled) == (1, 1, 1, None)
    assert statuses(batch) == ["executing"] * 3

    done = apply(batch, path)
    assert done.settled is not None
    assert done.settled.open == 1
    assert statuses(batch) == ["success", "failed", "executing"]
    found = books.check(batch.desk)
    assert found.payment("PAY-000002").last_error == "AC04 account closed"

    with pytest.raises(Refused, match=r"PAY-00000[12] of BAT-000001 was .* on 2026-03-02 12:00 by Treasury2 Person"):
        apply(batch, path, who="treasury")
    again = apply(batch, banking.status_file(tmp_path, first.replace("PDNG,", "ACSC,FT3"), "more.csv"))
    assert (again.confirmed, again.told_before) == (1, 2)
    assert statuses(batch) == ["success", "failed", "success"]
    books.check(batch.desk)


def test_every_bad_line_is_named_and_nothing_is_settled(batch: Trading, tmp_path: Path) -> None:
    text = (
        f"{HEADING}{name(1)},confirmed,FT1,\n{name(1)},confirmed,FT2,\nPAY-000009-1-ACME,confirmed,FT9,\n"
        f"{name(2)},perhaps,,\n{name(3)},confirmed,,\n{name(3)}\n\n=HYPERLINK(1),confirmed,FT4,\n"
    )
    found = problems(batch, banking.status_file(tmp_path, text))
    assert found["line 7"] == "has 1 columns; expected 4"
    assert set(found) == {
        "line 3: end_to_end_id",
        "line 4: end_to_end_id",
        "line 5: status",
        "line 6: reference",
        "line 7",
        "line 9: end_to_end_id",
    }
    with pytest.raises(InvalidInput, match=r"Nothing was settled. status.csv, line 3: end_to_end_id PAY-000001-1-ACME"):
        apply(batch, banking.status_file(tmp_path, text))
    doubled = f"{HEADING}{name(1)},confirmed,FT1,\n{name(2)},confirmed,FT1,\n"
    assert set(problems(batch, banking.status_file(tmp_path, doubled))) == {"line 3: reference"}
    controls = f"{HEADING}{name(1)},confirmed,FT\x1b[2J,\n"
    assert set(problems(batch, banking.status_file(tmp_path, controls))) == {"line 2: reference"}
    books.check(batch.desk)


def test_what_contradicts_what_was_told_before_is_a_bad_line(batch: Trading, tmp_path: Path) -> None:
    bank_settling.confirm(batch.desk, batch["treasury"], "BAT-000001", ["PAY-000001"], "FT1")
    bank_settling.refuse(batch.desk, batch["treasury"], "BAT-000001", ["PAY-000002"], "closed")
    for line, field in (
        (f"{name(1)},refused,,x", "status"),
        (f"{name(1)},confirmed,FT7,", "reference"),
        (f"{name(2)},confirmed,FT2,", "status"),
    ):
        with pytest.raises(InvalidInput) as caught:
            apply(batch, banking.status_file(tmp_path, f"{HEADING}{line}\n{name(3)},confirmed,FT3,\n"))
        assert set(caught.value.fields) == {f"line 2: {field}"}
    assert statuses(batch) == ["success", "failed", "executing"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "line 1: must name the columns end_to_end_id"),
        (b"status,reference\nconfirmed,FT1\n", "end_to_end_id is missing"),
        (b"end_to_end_id,status,status\n", "every column once"),
        (HEADING.encode() + b"PAY-1,confirmed,FT1,M\xfcller\n", "line 2 must be UTF-8 text"),
        ("end_to_end_id,status\n".encode("utf-16"), "line 1 must be UTF-8 text"),
        (HEADING.encode() + b'PAY-1,"confirmed,FT1,\n', "is not CSV"),
    ],
)
def test_a_file_that_is_no_status_file_is_told_so(batch: Trading, tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "status.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=told):
        apply(batch, path)


def test_other_doors(batch: Trading, tmp_path: Path) -> None:
    semicolons = f"\ufeffStatus;End_to_end_id\nACCC;{name(1)}\n"
    path = banking.status_file(tmp_path, semicolons)
    assert set(problems(batch, path)) == {"line 2: reference"}
    with pytest.raises(NotAllowed):
        apply(batch, path, who="cfo")
    for wrong in (tmp_path / "missing.csv", tmp_path, banking.status_file(tmp_path, "x", "status.txt")):
        with pytest.raises(InvalidInput):
            apply(batch, wrong)
    pending = banking.status_file(tmp_path, f"{HEADING}{name(1)},pending,,\n", "pending.csv")
    with pytest.raises(Refused, match="says of no line of BAT-000001"):
        apply(batch, pending)
    assert apply(batch, path, reference="FT5").confirmed == 1
    assert batch.rows(t.payment_execution)[0].gateway_reference == "FT5-1"


def test_a_file_of_a_hundred_thousand_lines_needs_no_more_memory_than_the_batch(batch: Trading, tmp_path: Path) -> None:
    path = tmp_path / "status.csv"
    strange = "".join(f"PAY-9{at:06d}-1-ACME,confirmed,FT{at},\n" for at in range(100_000))
    path.write_text(f"{HEADING}{name(1)},confirmed,FT1,\n{strange}", encoding="utf-8")
    tracemalloc.start()
    found = problems(batch, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == bad_lines.KEPT
    assert peak < 3_000_000


# --- pain.002 ---------------------------------------------------------------------------------------------------------

REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>B1</MsgId><CreDtTm>2026-03-02T10:00:00Z</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>BAT-000001-ACME</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>BAT-000001-ACME</OrgnlPmtInfId>{transfers}</OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>
"""
ACCEPTED = """<TxInfAndSts><OrgnlEndToEndId>{0}</OrgnlEndToEndId><TxSts>ACSC</TxSts><AcctSvcrRef>{1}</AcctSvcrRef>
<OrgnlTxRef><PmtTpInf><SvcLvl><Cd>NURG</Cd></SvcLvl></PmtTpInf></OrgnlTxRef></TxInfAndSts>"""
REJECTED = """<TxInfAndSts><OrgnlEndToEndId>{0}</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn>
<AddtlInf>Account closed</AddtlInf></StsRsnInf></TxInfAndSts>"""


def test_a_payment_status_report_is_read(batch: Trading, tmp_path: Path) -> None:
    said = ACCEPTED.format(name(1), "FT1") + REJECTED.format(name(2)) + ACCEPTED.format(name(3), "FT3")
    done = apply(batch, banking.status_file(tmp_path, REPORT.format(transfers=said), "report.xml"))
    assert (done.confirmed, done.refused) == (2, 1)
    assert statuses(batch) == ["success", "failed", "success"]
    assert batch.row(t.payment, "PAY-000002").last_error == "AC04 Account closed"
    books.check(batch.desk)


@pytest.mark.parametrize(
    "content",
    [
        "<CstmrPmtStsRpt>",
        "<Document/>",
        "no XML at all",
        '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><CstmrPmtStsRpt>&b;</CstmrPmtStsRpt>',
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><CstmrPmtStsRpt>&x;</CstmrPmtStsRpt>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd"><CstmrPmtStsRpt/>',
    ],
)
def test_a_report_that_is_none_or_would_read_other_files_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(PettyCashError, match=r"report\.xml must be"):
        list(bank_status.read_lines(banking.status_file(tmp_path, content, "report.xml")))


def test_a_report_of_other_lines_names_them(batch: Trading, tmp_path: Path) -> None:
    said = ACCEPTED.format(name(1), "FT1") + ACCEPTED.format("PAY-000001-1-BETA", "FT2")
    path = banking.status_file(tmp_path, REPORT.format(transfers=said), "report.xml")
    assert problems(batch, path) == {"transfer 2: end_to_end_id": "'PAY-000001-1-BETA' is no line of BAT-000001"}
