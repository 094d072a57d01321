"""Writing a customer credit transfer initiation, pain.001.001.09: one payment information block with all its lines.

Source: ISO 20022, message definition CustomerCreditTransferInitiationV09. A line's amount is debited by itself
(`BtchBookg` false), because the cash book has an entry for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from pettycash_tui.gateways.bank_account import BankAccount, is_bic
from pettycash_tui.gateways.bank_text import bank_text
from pettycash_tui.gateways.bank_transfers import NAME_LENGTH, REMITTANCE_LENGTH, BankFile, BankLine

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_NOT_PROVIDED = "NOTPROVIDED"
_SEPA_CURRENCY = "EUR"


def parts(file: BankFile, lines: Iterable[BankLine]) -> Iterator[bytes]:
    """The message, a part at a time."""
    yield _opening(file).encode()
    for line in lines:
        yield _transfer(file, line).encode()
    yield b"    </PmtInf>\n  </CstmrCdtTrfInitn>\n</Document>\n"


def _opening(file: BankFile) -> str:
    created = file.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    counted = f"<NbOfTxs>{file.line_count}</NbOfTxs><CtrlSum>{file.amount(file.control_sum)}</CtrlSum>"
    debtor = f"<Nm>{_words(file.debtor, NAME_LENGTH)}</Nm>"
    # SLEV (as the scheme rules) is SEPA's only value; elsewhere each side bears its own bank's charges.
    bearer = "SLEV" if file.currency == _SEPA_CURRENCY else "SHAR"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{NAMESPACE}">
  <CstmrCdtTrfInitn>
    <GrpHdr>
      <MsgId>{escape(file.message_id)}</MsgId>
      <CreDtTm>{created}</CreDtTm>
      {counted}
      <InitgPty>{debtor}</InitgPty>
    </GrpHdr>
    <PmtInf>
      <PmtInfId>{escape(file.message_id)}</PmtInfId>
      <PmtMtd>TRF</PmtMtd>
      <BtchBookg>false</BtchBookg>
      {counted}
      <ReqdExctnDt><Dt>{file.execution_date.isoformat()}</Dt></ReqdExctnDt>
      <Dbtr>{debtor}</Dbtr>
      <DbtrAcct><Id>{_account(file.account)}</Id><Ccy>{file.currency}</Ccy></DbtrAcct>
      <DbtrAgt>{_agent(file.account.bank)}</DbtrAgt>
      <ChrgBr>{bearer}</ChrgBr>
"""


def _transfer(file: BankFile, line: BankLine) -> str:
    name = escape(line.end_to_end_id)
    agent = f"\n        <CdtrAgt>{_agent(line.account.bank)}</CdtrAgt>" if line.account.bank else ""
    about = _words(line.remittance, REMITTANCE_LENGTH)
    remittance = f"\n        <RmtInf><Ustrd>{about}</Ustrd></RmtInf>" if about else ""
    return f"""      <CdtTrfTxInf>
        <PmtId><InstrId>{name}</InstrId><EndToEndId>{name}</EndToEndId></PmtId>
        <Amt><InstdAmt Ccy="{file.currency}">{file.amount(line.amount)}</InstdAmt></Amt>{agent}
        <Cdtr><Nm>{_words(line.payee, NAME_LENGTH)}</Nm></Cdtr>
        <CdtrAcct><Id>{_account(line.account)}</Id></CdtrAcct>{remittance}
      </CdtTrfTxInf>
"""


def _account(account: BankAccount) -> str:
    if account.is_iban:
        return f"<IBAN>{account.number}</IBAN>"
    return f"<Othr><Id>{escape(account.number)}</Id></Othr>"


def _agent(bank: str) -> str:
    if is_bic(bank):
        found = f"<BICFI>{bank}</BICFI>"
    elif bank:
        found = f"<ClrSysMmbId><MmbId>{escape(bank)}</MmbId></ClrSysMmbId>"
    else:
        found = f"<Othr><Id>{_NOT_PROVIDED}</Id></Othr>"
    return f"<FinInstnId>{found}</FinInstnId>"


def _words(text: str, limit: int) -> str:
    return escape(bank_text(text, limit))
