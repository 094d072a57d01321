"""Bank files, for the machine that does anything: made of what there is, confirmed, refused and told again."""

from __future__ import annotations

from typing import Any

import story
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import Row

from pettycash_tui.models.enums import BatchFormat, PaymentMethod
from pettycash_tui.services import bank_batch_views, bank_batches, bank_settling
from pettycash_tui.services.identity import SYSTEM

which = st.integers(0, 9)
officers = st.sampled_from(["treasury", "treasury2", "treasury2", "cfo", "staff"])


class DoingBankFiles:
    """Rules for payments that go to a bank in a file. The machine has the desk, the people and the books."""

    desk: Any
    clock: Any
    people: Any
    names: Any
    books: Any
    done: Any
    attempt: Any
    one: Any
    references: Any

    @precondition(lambda self: self.by_bank())
    @rule(indices=st.lists(which, min_size=1, max_size=3), format=st.sampled_from([*BatchFormat]))
    def write_file(self, indices: list[int], format: BatchFormat) -> None:
        chosen = list(dict.fromkeys(self.one(self.by_bank(), index) for index in indices))
        officer = self.people[self.names.get(chosen[0].executor_id, "treasury")]
        numbers = [payment.number for payment in chosen]
        self.clock.advance(minutes=5)
        sent = self.attempt(lambda: bank_batches.send_code(self.desk, officer, numbers, only_good=True))
        if sent is None:
            return
        code = story.last_code(self.desk.home)
        made = self.attempt(
            lambda: bank_batches.write(self.desk, officer, numbers, format=format, code=code, only_good=True)
        )
        self.done["file written"] += made is not None
        if made is not None and indices[0] % 3:
            payment = self.names_of(made.id)[0]
            self.settle(made.id, payment, "treasury2", "one" if indices[0] % 3 == 1 else "all")

    @precondition(lambda self: self.books.lines)
    @rule(index=which, who=officers, how=st.sampled_from(["one", "all", "one", "refused"]))
    def settle_line(self, index: int, who: str, how: str) -> None:
        line = self.one(self.books.lines, index)
        payment = next(p.number for p in self.books.payments if p.id == line.payment_id)
        self.settle(line.batch_id, payment, who, how)

    def settle(self, batch: Any, payment: str, who: str, how: str) -> None:
        """Somebody tells the bank's word on a line, or on all of them."""
        reference = f"FT{next(self.references)}"

        def tell() -> Any:
            if how == "refused":
                return bank_settling.refuse(self.desk, self.people[who], batch, [payment], "closed")
            meant = None if how == "all" else [payment]
            return bank_settling.confirm(self.desk, self.people[who], batch, meant, reference)

        done = self.attempt(tell)
        assert done is None or who.startswith("treasury")
        self.done[f"line {how}"] += done is not None

    def names_of(self, batch: Any) -> list[str]:
        """The payments of a file, in its order."""
        return [line.payment for line in self.desk.read(SYSTEM, bank_batch_views.show, batch).lines]

    def by_bank(self) -> list[Row[Any]]:
        """The bank transfers that may go into a file."""
        return [
            p
            for p in self.books.payments
            if p.method is PaymentMethod.BANK_TRANSFER and p.status in ("pending", "failed")
        ]
