"""What people do to files of vouchers, for the company whose books hold whatever they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule
from vouchers import file_of

from pettycash_tui.services import voucher_import

_amounts = st.sampled_from(["100", "100", "100", "0"])


class DoingImports:
    """A rule for the state machine: files whose vouchers were there before, are wrong, or new."""

    desk: Any
    people: Any
    attempt: Any
    done: Any

    HAPPEN: ClassVar[frozenset[str]] = frozenset({"voucher imported", "voucher there"})

    @rule(
        who=st.sampled_from(["staff", "treasury", "cfo"]),
        lines=st.lists(st.tuples(st.integers(1, 5), _amounts), min_size=1, max_size=5),
        skip_bad=st.booleans(),
    )
    def import_vouchers(self, who: str, lines: list[tuple[int, str]], skip_bad: bool) -> None:
        """Somebody imports a file, in transactions of two lines."""
        written = [f"PV-{number},{amount},Shop {number},Paper" for number, amount in lines]
        path = file_of(Path(self.desk.home), *written)
        done = self.attempt(
            lambda: voucher_import.import_file(self.desk, self.people[who], path, skip_bad=skip_bad, chunk=2)
        )
        if done is not None:
            self.done["voucher imported"] += done.imported
            self.done["voucher there"] += done.there_before
