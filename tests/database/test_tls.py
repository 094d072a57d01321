"""TLS to a remote server: what is asked for by default, what is refused, and what a certificate's error says.

A real Postgres stands behind a gate that speaks TLS for it with certificates made here.
"""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import URL

from pettycash_tui.database import engine as engines
from pettycash_tui.database import tls
from pettycash_tui.services import opening
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import DatabaseUnavailable, InvalidInput

REMOTE = "postgresql://desk@db.example.com/books"


def parameters(address: str) -> dict[str, str]:
    return tls.parameters(engines.parse_address(address))


def test_a_remote_server_proves_who_it_is_unless_the_address_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = parameters(REMOTE)
    assert found["sslmode"] == "verify-full" and found["sslrootcert"]
    assert parameters(f"{REMOTE}?sslmode=require") == {"sslmode": "require"}
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    monkeypatch.setenv(tls.CA_VARIABLE, str(ca))
    assert parameters(REMOTE)["sslrootcert"] == str(ca)
    assert "sslrootcert" not in parameters(f"{REMOTE}?sslrootcert=/mine.pem")


@pytest.mark.parametrize("here", ["", "localhost", "127.0.0.1", "[::1]"])
def test_a_server_on_this_host_is_left_to_its_own_settings(here: str) -> None:
    assert parameters(f"postgresql://desk@{here}/books") == {}
    assert parameters("postgresql://desk@/books?host=/run/postgresql") == {}
    assert parameters(f"postgresql://desk@{here}/books?host=db.example.com")["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    ("variable", "value", "address"),
    [
        (None, "", "postgresql://desk@localhost/books?hostaddr=10.0.0.5"),
        (None, "", "postgresql:///books?service=treasury"),
        ("PGSERVICE", "treasury", "postgresql:///books"),
        ("PGHOST", "db.example.com", "postgresql:///books"),
        ("PGHOSTADDR", "10.0.0.5", "postgresql://desk@localhost/books"),
    ],
)
def test_a_server_named_elsewhere_than_in_the_address_proves_who_it_is_too(
    variable: str | None, value: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    if variable:
        monkeypatch.setenv(variable, value)
    assert parameters(address)["sslmode"] == "verify-full"


def test_a_socket_of_the_environment_is_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "/run/postgresql")
    assert parameters("postgresql:///books") == {}


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "none"])
def test_less_than_encryption_is_refused(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput) as refused:
        opening.address_of(f"{REMOTE}?sslmode={mode}", None)
    assert "database" in refused.value.fields
    with pytest.raises(engines.BadAddress):
        engines.open_engine(engines.parse_address(f"{REMOTE}?sslmode={mode}"))
    monkeypatch.setenv(tls.PLAINTEXT_VARIABLE, "1")
    if mode != "none":
        assert opening.address_of(f"{REMOTE}?sslmode={mode}", None).query["sslmode"] == mode


def certificate(folder: Path, name: str) -> Path:
    """A certificate and its key for a host of this name, signed by itself, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    path.chmod(0o600)
    return path


@contextmanager
def gate(server: URL, pem: Path | None) -> Iterator[int]:
    """A port of the loopback that answers Postgres' request for TLS, and passes the rest on to the server."""
    context = None
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)

    def behind() -> socket.socket:
        host, port = str(server.query.get("host") or server.host), server.port or 5432
        if host.startswith("/"):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(f"{host}/.s.PGSQL.{port}")
            return connection
        return socket.create_connection((host, port))

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(65536):
                target.sendall(block)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def serve(client: socket.socket) -> None:
        with suppress(OSError), client:
            client.recv(8)  # the request for TLS
            client.sendall(b"S" if context else b"N")
            if context is None:
                return
            with context.wrap_socket(client, server_side=True) as secured, behind() as database:
                threading.Thread(target=pass_on, args=(database, secured), daemon=True).start()
                pass_on(secured, database)

    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with closing(listener):
        yield listener.getsockname()[1]


def test_certificates_are_checked_and_their_errors_say_what_to_do(
    postgres_url: URL, open_desk: Callable[[URL], Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    mine, other = certificate(tmp_path, "localhost"), certificate(tmp_path, "other.example.com")

    def opened(port: int, ca: Path) -> None:
        monkeypatch.setenv(tls.CA_VARIABLE, str(ca))
        query = {"sslmode": "verify-full", "gssencmode": "disable"}
        open_desk(postgres_url.set(host="localhost", port=port, query=query)).require_current()

    def refused(port: int, ca: Path) -> str:
        with pytest.raises(DatabaseUnavailable) as error:
            opened(port, ca)
        assert error.value.code == "database_certificate", error.value.message
        return error.value.message

    with gate(postgres_url, mine) as port:
        opened(port, mine)
        assert "signed by nobody whom this host trusts" in refused(port, other)
        missing = tmp_path / "missing.pem"
        assert f"no certificate of an authority at {missing}" in refused(port, missing)
    with gate(postgres_url, other) as port:
        assert "is for other.example.com, not for localhost" in refused(port, other)
    with gate(postgres_url, None) as port:
        assert "ssl = on" in refused(port, mine)
