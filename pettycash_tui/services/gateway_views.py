"""What is set up of the gateways, without a secret, and whether they answer."""

from __future__ import annotations

from dataclasses import dataclass

from pettycash_tui.gateways.protocol import GatewayFailed
from pettycash_tui.models.enums import PaymentMethod
from pettycash_tui.services import gateway_settings
from pettycash_tui.services.desk import Desk
from pettycash_tui.services.errors import PettyCashError, Reason, Refused


@dataclass(frozen=True, slots=True)
class MethodView:
    """How a payment method is paid here."""

    method: PaymentMethod
    paid_by: str


@dataclass(frozen=True, slots=True)
class GatewayView:
    """The settings of M-Pesa as they are, where its secrets are kept, and what is wrong; `problem` is empty if nothing.

    `callback_path` is secret to strangers, so only who may read this home's key reads it.
    """

    is_configured: bool
    settings: dict[str, str]
    secrets: dict[str, str]
    problem: str
    callback_path: str
    methods: tuple[MethodView, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """That M-Pesa gave a token."""

    base_url: str
    token_seconds: int


def show(desk: Desk) -> GatewayView:
    """How it stands. Raises nothing for a wrong setting: it is told."""
    problem, is_configured = "", False
    try:
        is_configured = gateway_settings.mpesa_settings(desk) is not None
    except PettyCashError as error:
        problem = error.message
    by_hand = "the officer, who enters the transfer's reference"
    return GatewayView(
        is_configured=is_configured,
        settings=_given(desk),
        secrets={name: _where(desk, name) for name in gateway_settings.SECRETS},
        problem=problem,
        callback_path=gateway_settings.secret_path(desk),
        methods=(
            MethodView(PaymentMethod.CASH, "the officer, out of the drawer"),
            MethodView(PaymentMethod.BANK_TRANSFER, by_hand),
            MethodView(PaymentMethod.MPESA, "M-Pesa over Daraja" if is_configured else by_hand),
        ),
    )


def check(desk: Desk) -> Checked:
    """Ask M-Pesa for a token. Raises Refused when it is not set up, not reached, or refuses."""
    settings = gateway_settings.mpesa_settings(desk)
    if settings is None:
        message = "M-Pesa is not set up here: PETTYCASH_MPESA_SHORT_CODE, or short_code in the section [mpesa]."
        raise Refused.because(Reason("gateway_settings", message))
    from pettycash_tui.gateways.mpesa import Mpesa

    try:
        seconds = Mpesa(settings).check_access()
    except GatewayFailed as error:
        raise Refused.because(Reason("gateway_failed", str(error))) from error
    return Checked(settings.base_url, int(seconds))


def _given(desk: Desk) -> dict[str, str]:
    try:
        return gateway_settings.given(desk.home)
    except PettyCashError:
        return {}


def _where(desk: Desk, name: str) -> str:
    try:
        return desk.secrets.where(name)
    except PettyCashError as error:
        return error.message
