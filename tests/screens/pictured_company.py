"""The company of the pictures: two weeks of its business, always the same. Built once per worker, copied for each."""

from __future__ import annotations

import story
from desk_app import demo_company
from settable_clock import SettableClock
from sqlalchemy import update

from pettycash_tui.models import tables as t
from pettycash_tui.models.enums import PaymentStatus
from pettycash_tui.services import execution, payments, replenishments, requisitions, submission, workflow
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.identity import SYSTEM, Actor
from pettycash_tui.services.requisitions import RequisitionInput
from pettycash_tui.services.work import Work

CODE = 271828
"""What every one-time code of the company is, as a number below a million."""

MPESA = {"method": "mpesa", "destination": "0712345678"}
SHOPS = ("Total Energies", "Mwangi Garage", "Text Book Centre", "Safari Courier", "Java House")
REASONS = ("Fuel for the delivery van", "Tyres and tubes", "Receipt books", "Parcels to Mombasa", "Client breakfast")


class PicturedCompany:
    """Does the business of two weeks on an empty desk, each day at its hour."""

    def __init__(self, desk: Desk, clock: SettableClock) -> None:
        self.desk = desk
        self.clock = clock
        self.people = demo_company(desk)

    @property
    def staff(self) -> Actor:
        """The clerk of Nairobi who asks for everything."""
        return self.people["staff"]

    def trade(self) -> None:
        """All of it, in order."""
        self._a_week_of_payments()
        self._a_replenishment()
        self._requests_that_came_to_an_end()
        self._payments_in_every_state()
        self._a_queue()
        self._a_draft()

    def _a_week_of_payments(self) -> None:
        for place in range(11):
            number = story.approved(
                self.desk, self.staff, str(2250 + 675 * place), payee=SHOPS[place % 5], purpose=REASONS[place % 5]
            )
            self.clock.advance(hours=2)
            story.pay(self.desk, number)
            self.clock.advance(hours=15)

    def _a_replenishment(self) -> None:
        asked = "RPL-000001"  # by itself, when the fund fell below its reorder level
        self.desk.run(self.people["cfo"], replenishments.approve, asked)
        self.clock.advance(hours=1)
        self.desk.run(self.people["treasury"], replenishments.complete, asked, "BANK-20260310")

    def _requests_that_came_to_an_end(self) -> None:
        staff, manager = self.staff, self.people["branch_manager"]
        paid = story.approved(self.desk, staff, "7350", payee="Nyota Stationers", purpose="Toner for the front office")
        self.clock.advance(hours=5)
        story.pay(self.desk, paid)
        sent_back = story.request(self.desk, staff, "2950", payee="Café Délice", purpose="Lunch for the auditors")
        self.clock.advance(hours=16)
        self.desk.run(manager, workflow.request_changes, sent_back, "How many were you?")
        rejected = story.request(self.desk, staff, "64000", payee="Kobe Tools", purpose="A second generator")
        self.clock.advance(hours=3)
        self.desk.run(manager, workflow.reject, rejected, "Not in this year's budget")
        taken_back = story.request(self.desk, staff, "1100", payee="City Parking", purpose="Monthly parking")
        self.clock.advance(minutes=40)
        self.desk.run(staff, submission.withdraw, taken_back, "The landlord pays it")

    def _payments_in_every_state(self) -> None:
        failed = story.approved(self.desk, self.staff, "2500", payee="Safari Courier", purpose="Parcels to Kisumu")
        self.desk.run(story.executor_of(self.desk, failed), execution.record_failure, failed, "the line was down")
        in_doubt = story.approved(self.desk, self.staff, "3300", payee="Naivas Supermarket", purpose="Tea", **MPESA)
        self._no_answer_came(in_doubt)
        cancelled = story.approved(self.desk, self.staff, "640", payee="Quickmart", purpose="Light bulbs")
        self.desk.run(self.people["cfo"], payments.cancel, cancelled, "Bought twice")
        for amount, payee, purpose in (
            ("4500", "Total Energies", "Fuel for the delivery van"),
            ("12750.25", "Mwangi Garage", "Clutch of KDA 417X"),
            ("900", "Wanjikũ Mũthoni", "Taxi to the bank and back"),
            ("3200", "株式会社 Söhne", "Spare parts for the scale"),
        ):
            self.clock.advance(minutes=25)
            story.approved(self.desk, self.staff, amount, payee=payee, purpose=purpose, **MPESA)
        story.approved(self.desk, self.staff, "195000", payee="Crown Paints", purpose="Repainting the shop front")

    def _no_answer_came(self, number: str) -> None:
        """As a gateway leaves a payment whose answer never came."""
        p = t.payment.c

        def change(work: Work) -> None:
            for status in (PaymentStatus.EXECUTING, PaymentStatus.UNKNOWN):
                work.execute(update(t.payment).where(p.number == number).values(status=status))
            work.record("test.changed", "payment", None, number, stream="test", company_id=None, data={})

        self.desk.run(SYSTEM, change)

    def _a_queue(self) -> None:
        staff = self.staff
        story.request(self.desk, staff, "7800", payee="Mwangi Garage", purpose="Brake pads for KDA 417X")
        self.clock.advance(hours=20)
        story.request(self.desk, staff, "4500")
        self.clock.advance(hours=3)
        story.request(
            self.desk,
            staff,
            "1250.50",
            payee="Nairobi Water & Sewerage Company",
            purpose="Reconnection of the depot",
            is_urgent=True,
            urgency_reason="The depot has no water",
        )
        self.clock.advance(hours=2)
        story.request(self.desk, staff, "160000", payee="Crown Paints", purpose="Repainting the shop front")
        self.clock.advance(minutes=50)

    def _a_draft(self) -> None:
        given = RequisitionInput(amount="900", purpose="Stamps and envelopes", payee="Posta Kenya")
        self.desk.run(self.staff, requisitions.create, given)
