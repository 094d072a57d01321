"""How the connection to a remote Postgres is protected, and what a certificate's error means to a person.

A server that is not on this host is asked for its certificate, and for the name in it (libpq's verify-full), unless the
address says otherwise; less than encryption is refused unless PETTYCASH_ALLOW_PLAINTEXT=1 says so. The authority is the
address's sslrootcert, PETTYCASH_DATABASE_CA (a file), libpq's own ~/.postgresql/root.crt, or those of this system.
Source: the manual of PostgreSQL, libpq, SSL support.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from pathlib import Path

from sqlalchemy.engine import URL

CA_VARIABLE = "PETTYCASH_DATABASE_CA"
PLAINTEXT_VARIABLE = "PETTYCASH_ALLOW_PLAINTEXT"

_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_SAFEST = "verify-full"


def trouble_of(url: URL) -> str | None:
    """What is wrong with the address's or the environment's settings, for after "the database …"; None when nothing."""
    if not is_remote(url):
        return None
    mode = _mode(url)
    if mode not in _MODES:
        return f"must have one of {', '.join(_MODES)} as sslmode"
    if mode not in _ENCRYPTED and os.environ.get(PLAINTEXT_VARIABLE) != "1":
        return (
            f"must be reached with TLS: sslmode={mode} would send money's business in the clear; leave it out, or set"
            f" {PLAINTEXT_VARIABLE}=1 where the network itself is protected"
        )
    ca = os.environ.get(CA_VARIABLE)
    if ca and not Path(ca).expanduser().is_file():
        return f"is to be checked with {CA_VARIABLE}={ca}, which must be a file of certificates"
    return None


def parameters(url: URL) -> dict[str, str]:
    """What libpq is told besides the address: nothing for a server on this host that the address says nothing of."""
    found: dict[str, str] = {}
    ca = os.environ.get(CA_VARIABLE)
    if ca and "sslrootcert" not in url.query:
        found["sslrootcert"] = str(Path(ca).expanduser())
    if not is_remote(url):
        return found
    mode = _mode(url)
    found["sslmode"] = mode
    named = "sslrootcert" in {*url.query, *found} or "PGSSLROOTCERT" in os.environ
    if mode == _SAFEST and not named and not Path("~/.postgresql/root.crt").expanduser().is_file():
        found["sslrootcert"] = _of_this_system()
    return found


def is_remote(url: URL) -> bool:
    """Whether any of the hosts is another computer, or might be: a service of libpq names its own.

    A socket and the loopback are not. What the address leaves out, libpq takes from the environment.
    """
    if "service" in url.query or "PGSERVICE" in os.environ:
        return True
    named = [*([url.host] if url.host else []), *_listed(url.query.get("host", ""))]
    if not any(named):
        named = _listed(os.environ.get("PGHOST", ""))
    addresses = _listed(url.query.get("hostaddr") or os.environ.get("PGHOSTADDR", ""))
    return any(not _is_here(host) for host in [*named, *addresses])


def _listed(given: str | tuple[str, ...]) -> list[str]:
    return given.split(",") if isinstance(given, str) else [host for some in given for host in some.split(",")]


def explained(text: str) -> str | None:
    """A certificate's error of libpq in a sentence's end, with what to do; None when the error is another one."""
    other = re.search(r'server certificate for "([^"]*)".* does not match host name "([^"]*)"', text)
    if other:
        return (
            f"its certificate is for {other[1]}, not for {other[2]}. Name the host as its certificate does, or have one"
            " made for that name"
        )
    if "certificate verify failed" in text:
        return (
            "its certificate is signed by nobody whom this host trusts, or is out of date. Set"
            f" {CA_VARIABLE} to the file of the authority that signed it, or renew it"
        )
    missing = re.search(r'root certificate file "([^"]*)"', text)
    if missing:
        return f"there is no certificate of an authority at {missing[1]}. Set {CA_VARIABLE} to such a file"
    if "does not support SSL" in text:
        return "it offers no TLS. Switch it on there (ssl = on in postgresql.conf)"
    if "SSL error" in text or "certificate" in text:
        return f"TLS failed ({' '.join(text.split())[-160:]})"
    return None


def _mode(url: URL) -> str:
    given = url.query.get("sslmode") or os.environ.get("PGSSLMODE") or _SAFEST
    return given if isinstance(given, str) else given[-1]


def _is_here(host: str) -> bool:
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _of_this_system() -> str:
    import ssl

    paths = ssl.get_default_verify_paths()
    # The driver's wheel brings an OpenSSL of its own, which may look for them elsewhere.
    return paths.cafile or "system"
