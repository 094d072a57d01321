"""Which gateways over a network this home has, and how they are reached.

M-Pesa: the section `[mpesa]` of `<home>/config.toml`, each setting replaced by PETTYCASH_MPESA_<SETTING> where the
environment has one: environment (sandbox or production), short_code, initiator, certificate (M-Pesa's public one),
callback_url (where Daraja reaches `pettycash gateway listen` from outside), and if need be command, base_url and
timeout_seconds. The secrets mpesa_consumer_key, mpesa_consumer_secret and mpesa_initiator_password are kept as every
other (`secrets`). Without a short code M-Pesa is paid by hand, and so it is in a demo.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pettycash_tui.gateways.protocol import NetworkGateway
from pettycash_tui.models.enums import GatewayName, PaymentMethod
from pettycash_tui.services.errors import PettyCashError, Reason, Refused

if TYPE_CHECKING:
    from pettycash_tui.gateways.mpesa import MpesaSettings
    from pettycash_tui.services.desk import Desk

SETTINGS = (
    "environment",
    "short_code",
    "initiator",
    "certificate",
    "callback_url",
    "command",
    "base_url",
    "timeout_seconds",
)
SECRETS = ("mpesa_consumer_key", "mpesa_consumer_secret", "mpesa_initiator_password")
DEFAULT_TIMEOUT = 30.0
_METHODS = {PaymentMethod.MPESA: GatewayName.MPESA}


@dataclass(frozen=True, slots=True)
class Gateways:
    """The gateways over a network that are set up here, by the method they serve; `trouble`: those set up wrongly."""

    by_method: Mapping[PaymentMethod, NetworkGateway]
    trouble: Mapping[PaymentMethod, Reason]

    def serves(self, method: PaymentMethod) -> bool:
        """Whether a method goes over a network here, or should."""
        return method in self.by_method or method in self.trouble


def gateways(desk: Desk) -> Gateways:
    """All of them: one that is set up wrongly holds up its own payments only."""
    found, trouble = {}, {}
    for method in PaymentMethod:
        try:
            gateway = network(desk, method)
        except Refused as error:
            trouble[method] = Reason(error.code, error.message)
        else:
            if gateway is not None:
                found[method] = gateway
    return Gateways(found, trouble)


def network(desk: Desk, method: PaymentMethod) -> NetworkGateway | None:
    """The gateway over a network that serves a method here; None where a person pays.

    Raises Refused (`gateway_settings`) naming a setting that is wrong.
    """
    name = _METHODS.get(method)
    return None if name is None else named(desk, name)


def named(desk: Desk, name: GatewayName) -> NetworkGateway | None:
    """The gateway of that name, as an order has it; None where it is not set up here."""
    if name is not GatewayName.MPESA:
        return None
    settings = mpesa_settings(desk)
    if settings is None:
        return None
    from pettycash_tui.gateways.mpesa import Mpesa

    return Mpesa(settings)


def is_any(desk: Desk) -> bool:
    """Whether any gateway over a network is set up here: asked before every payment, so it costs next to nothing."""
    return bool(given(desk.home)["short_code"]) and not desk.is_demo


def secret_path(desk: Desk) -> str:
    """The path under which the listener takes results: whoever knows it may say that money left."""
    return desk.secrets.derive("gateway-callback").hex()[:40]


def mpesa_settings(desk: Desk) -> MpesaSettings | None:
    """How to reach Daraja; None when it is not set up. Raises Refused (`gateway_settings`)."""
    if not is_any(desk):
        return None
    from pettycash_tui.gateways import mpesa

    found = given(desk.home)
    clean = {name: read(found[name]) for name, read in _READERS.items()}
    secrets = {name: _secret(desk, name) for name in SECRETS}
    return mpesa.MpesaSettings(
        base_url=(clean["base_url"] or mpesa.BASE_URLS[clean["environment"]]).rstrip("/"),
        short_code=clean["short_code"],
        initiator=clean["initiator"],
        command=clean["command"],
        callback_url=f"{clean['callback_url'].rstrip('/')}/{secret_path(desk)}",
        timeout_seconds=_seconds(clean["timeout_seconds"]),
        consumer_key=secrets["mpesa_consumer_key"],
        consumer_secret=secrets["mpesa_consumer_secret"],
        security_credential=_credential(secrets["mpesa_initiator_password"], found["certificate"]),
    )


def problems(desk: Desk) -> list[tuple[str, str]]:
    """Everything that is wrong with the settings of M-Pesa: the setting or secret, and the sentence about it."""
    found = given(desk.home)
    wrong: list[tuple[str, str]] = []
    kept: dict[str, str] = {}
    for name, read in _READERS.items():
        try:
            read(found[name])
        except Refused as error:
            wrong.append((name, error.message))
    for name in SECRETS:
        try:
            kept[name] = _secret(desk, name)
        except PettyCashError as error:
            wrong.append((name, error.message))
    try:
        # Whatever password there is: this looks at the certificate.
        _credential(kept.get("mpesa_initiator_password", "-"), found["certificate"])
    except Refused as error:
        wrong.append(("certificate", error.message))
    return wrong


def given(home: Path) -> dict[str, str]:
    """The settings as they are set, empty where they are not; no secret among them."""
    section = _section(home / "config.toml")
    return {
        name: os.environ.get(f"PETTYCASH_MPESA_{name.upper()}") or str(section.get(name, "")).strip()
        for name in SETTINGS
    }


def _section(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = tomllib.load(file).get("mpesa", {})
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"The file {path} cannot be read ({error}).", code="gateway_settings") from None
    if not isinstance(found, dict):
        raise Refused(f"In {path}, mpesa must be a section: [mpesa].", code="gateway_settings")
    return found


def _secret(desk: Desk, name: str) -> str:
    value = desk.secrets.get(name)
    if not value:
        raise Refused(
            f"M-Pesa is set up, but its secret {name} is nowhere. Write it into a file that only you can read and set"
            f" PETTYCASH_{name.upper()}_FILE to its path.",
            code="gateway_settings",
        )
    return value


def _short_code(value: str) -> str:
    if not value.isascii() or not value.isdigit():
        raise _wrong("short_code", "must be the digits of the short code that pays, such as 600997")
    return value


def _initiator(value: str) -> str:
    if not value:
        raise _wrong("initiator", "must be the name of the API user who pays")
    return value


def _environment(value: str) -> str:
    from pettycash_tui.gateways import mpesa

    if value and value not in mpesa.BASE_URLS:
        raise _wrong("environment", "must be sandbox or production")
    return value or "sandbox"


def _command(value: str) -> str:
    from pettycash_tui.gateways import mpesa

    if value and value not in mpesa.COMMANDS:
        raise _wrong("command", f"must be one of {', '.join(mpesa.COMMANDS)}")
    return value or mpesa.COMMANDS[0]


def _credential(password: str, certificate: str) -> str:
    """The password as M-Pesa takes it, encrypted for the certificate's owner."""
    from pettycash_tui.gateways import mpesa

    try:
        return mpesa.security_credential(password, _certificate(certificate))
    except ValueError as error:
        raise _wrong("certificate", f"must name M-Pesa's public certificate ({error})") from None


def _certificate(named: str) -> bytes:
    if not named:
        raise _wrong("certificate", "must be the path of M-Pesa's public certificate")
    try:
        return Path(named).expanduser().read_bytes()
    except OSError as error:
        raise _wrong("certificate", f"names {named}, which cannot be read ({error.strerror})") from None


def _address(name: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong(name, "must be an address such as https://pay.example.com/mpesa")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise _wrong(name, "must begin with https: money and secrets would cross the network unprotected")
    return value


def is_local(address: str) -> bool:
    """Whether an address is one of this computer only."""
    return _is_loopback(urlsplit(address).hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(value: str) -> float:
    if not value:
        return DEFAULT_TIMEOUT
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 300:
        raise _wrong("timeout_seconds", "must be a number of seconds up to 300")
    return seconds


def _wrong(name: str, expected: str) -> Refused:
    return Refused(
        f"The setting {name} of M-Pesa (PETTYCASH_MPESA_{name.upper()}, or {name} in the section [mpesa] of the home's"
        f" config.toml) {expected}.",
        code="gateway_settings",
        fields={name: expected},
    )


_READERS: dict[str, Callable[[str], str]] = {
    "short_code": _short_code,
    "initiator": _initiator,
    "environment": _environment,
    "command": _command,
    "callback_url": partial(_address, "callback_url"),
    "base_url": lambda value: _address("base_url", value) if value else "",
    "timeout_seconds": lambda value: str(_seconds(value)),
}
"""What each setting must be: it is returned as it is meant, or refused."""
