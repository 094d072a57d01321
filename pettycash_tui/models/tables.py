"""The tables themselves, for the services' statements: `tables.payment.c.amount`.

The money path speaks SQLAlchemy Core: the unit of work of the ORM costs five times as much per payment.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Table
from sqlmodel import SQLModel

from pettycash_tui.models import (
    attention,
    books,
    imports,
    imprest,
    notices,
    organisation,
    people,
    periods,
    requisitions,
    schedules,
    signing_in,
    ssh,
    treasury,
    trust,
)


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


company = table_of(organisation.Company)
region = table_of(organisation.Region)
branch = table_of(organisation.Branch)
department = table_of(organisation.Department)
cost_center = table_of(organisation.CostCenter)
position = table_of(organisation.Position)
account = table_of(organisation.Account)
category = table_of(organisation.Category)
user = table_of(people.User)
delegation = table_of(people.Delegation)
sign_in_session = table_of(people.SignInSession)
sign_in_source = table_of(signing_in.SignInSource)
recovery_code = table_of(signing_in.RecoveryCode)
ssh_key = table_of(ssh.SshKey)
form_draft = table_of(people.FormDraft)
alert_acknowledgement = table_of(attention.AlertAcknowledgement)
approval_threshold = table_of(requisitions.ApprovalThreshold)
requisition = table_of(requisitions.Requisition)
approval_step = table_of(requisitions.ApprovalStep)
approval_trail = table_of(requisitions.ApprovalTrail)
attachment = table_of(requisitions.Attachment)
imported_voucher = table_of(imports.ImportedVoucher)
treasury_fund = table_of(treasury.TreasuryFund)
payment = table_of(treasury.Payment)
otp_challenge = table_of(treasury.OtpChallenge)
payment_bundle = table_of(treasury.PaymentBundle)
payment_bundle_line = table_of(treasury.PaymentBundleLine)
payment_schedule = table_of(schedules.PaymentSchedule)
bank_batch = table_of(treasury.BankBatch)
payment_order = table_of(treasury.PaymentOrder)
payment_execution = table_of(treasury.PaymentExecution)
ledger_entry = table_of(treasury.LedgerEntry)
replenishment = table_of(treasury.Replenishment)
ledger_reconciliation = table_of(books.LedgerReconciliation)
variance = table_of(books.Variance)
fund_transfer = table_of(books.FundTransfer)
replenishment_voucher = table_of(imprest.ReplenishmentVoucher)
accounting_period = table_of(periods.AccountingPeriod)
stream_head = table_of(trust.StreamHead)
audit_event = table_of(trust.AuditEvent)
number_counter = table_of(trust.NumberCounter)
job_lease = table_of(trust.JobLease)
installation = table_of(trust.Installation)

notice = table_of(notices.Notice)
notice_cursor = table_of(notices.NoticeCursor)
notice_choice = table_of(notices.NoticeChoice)

metadata = SQLModel.metadata


def _check_whole_numbers() -> None:
    # A SQLite column takes any type: 1.5 or '12' would go into a BIGINT column without a word.
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, BigInteger):
                kinds = "IN ('integer', 'null')" if column.nullable else "= 'integer'"
                table.append_constraint(
                    CheckConstraint(f"typeof({column.name}) {kinds}", name=f"{column.name}_integer").ddl_if(
                        dialect="sqlite"
                    )
                )


_check_whole_numbers()
