"""Whether a whole page of events is right: the common case, looked at column by column.

What is found wrong here, or written in a way that only a parser understands, is walked row by row (`audit_chain`),
which says what it is. Ids are as a driver gives them: SQLite's without dashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from operator import contains
from typing import Any


def is_right(
    stream: str, rows: Sequence[tuple[Any, ...]], first: int, after: str, known: Texts, *, has_dashes: bool
) -> bool:
    """Whether these events of a stream are numbered from `first` and follow the hash `after`, each itself.

    Each row holds the columns of `audit_chain.COLUMNS`. False for anything that is not plainly right.
    """
    columns = tuple(zip(*rows, strict=True))
    sequences, bodies, previous, stored, actions, actors, moments, companies = columns[:8]
    if sequences != tuple(range(first, first + len(rows))) or previous != (after, *stored[:-1]):
        return False
    digest = sha256
    try:
        hashes = [digest(f"{last}\n{body}".encode()).hexdigest() for last, body in zip(previous, bodies, strict=True)]
        if tuple(hashes) != stored:
            return False
        beginnings = [known[pair] for pair in zip(actions, actors, strict=True)]
        middles = [
            f'","at":"{moment}","company":"{known[company]}","data":{{'
            for moment, company in zip(moments, companies, strict=True)
        ]
        ends = _ends(stream, columns, has_dashes)
        return (
            all(map(str.startswith, bodies, beginnings))
            and all(map(contains, bodies, middles))
            and all(map(str.endswith, bodies, ends))
        )
    except (TypeError, ValueError):
        # A value of another kind, or text that is none, is for the walk to name.
        return False


class Texts(dict[Any, str]):
    """What a body says for an action and its actor, or a company: few, and asked for with each event."""

    _MOST = 10_000

    def __missing__(self, key: Any) -> str:
        if len(self) >= self._MOST:
            self.clear()
        made = f'{{"action":"{key[0]}","actor":"{dashed(key[1])}","actor_name":"' if type(key) is tuple else dashed(key)
        self[key] = made
        return made


def dashed(found: str | None) -> str:
    """An id as a body spells it; empty for none."""
    if found is None:
        return ""
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}" if len(found) == 32 else found


def _ends(stream: str, columns: Sequence[Any], has_dashes: bool) -> list[str]:
    of_stream = f'","stream":"{stream}","subject":"'
    parts = zip(columns[0], *columns[8:], strict=True)
    if has_dashes:
        return [
            f'}},"sequence":{n},"source":"{source}{of_stream}{subject}","subject_id":"{i}","subject_type":"{kind}"}}'
            for n, source, subject, i, kind in parts
        ]
    return [
        f'}},"sequence":{n},"source":"{source}{of_stream}{subject}"'
        f',"subject_id":"{i[:8]}-{i[8:12]}-{i[12:16]}-{i[16:20]}-{i[20:]}","subject_type":"{kind}"}}'
        if i
        else f'}},"sequence":{n},"source":"{source}{of_stream}{subject}","subject_id":"","subject_type":"{kind}"}}'
        for n, source, subject, i, kind in parts
    ]
