"""Addresses of databases: a secret stands where `shown` leaves it out, or the address is refused."""

from __future__ import annotations

import pytest

from pettycash_tui.database import engine as engines
from pettycash_tui.services import opening
from pettycash_tui.services.errors import InvalidInput


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("password=s3cret", "password"),
        ("host=/run/postgresql&pass%77ord=s3cret", "password"),
        ("password=s3cret&password=s3cret", "password"),
        ("sslkey=/k.pem&sslpassword=s3cret", "sslpassword"),
    ],
)
def test_a_secret_behind_the_question_mark_is_refused_and_not_told(query: str, name: str) -> None:
    for scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        with pytest.raises(InvalidInput) as refused:
            opening.address_of(f"{scheme}://app@/pettycash?{query}", None)
        assert name in refused.value.fields["database"]
        assert "s3cret" not in refused.value.message


def test_what_is_shown_of_an_address_holds_no_secret() -> None:
    url = opening.address_of("postgresql://app:s3cret@localhost/books?passfile=/home/desk/.pgpass", None)
    assert engines.shown(url) == "postgresql://app:***@localhost/books?passfile=%2Fhome%2Fdesk%2F.pgpass"
    with pytest.raises(InvalidInput, match="must be postgresql://"):
        opening.address_of("mysql://app@/books?password=s3cret", None)
