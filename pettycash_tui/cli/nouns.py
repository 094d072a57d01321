"""Which nouns there are, and where each is kept: the one table that `pettycash --help` and the loading of nouns read.

Strings only, so that the help lists every noun without importing one.
"""

from __future__ import annotations

from typing import NamedTuple


class Noun(NamedTuple):
    """Where a noun lives and the line that `pettycash --help` shows for it.

    `attribute` is the name in the module: `app` holds a group of verbs (a `typer.Typer`), `command` a function.
    """

    module: str
    help: str
    attribute: str = "app"


NOUNS: dict[str, Noun] = {
    "demo": Noun("pettycash_tui.cli.demo", "Make the demo company and open the desk on it.", "command"),
    "init": Noun("pettycash_tui.cli.init", "First set-up: database, company, administrator.", "command"),
    "db": Noun("pettycash_tui.cli.db", "Upgrade the database, see its version, grant rights."),
    "doctor": Noun("pettycash_tui.cli.doctor", "What is wrong here, and the command that mends it.", "command"),
    "login": Noun("pettycash_tui.cli.login", "Sign in.", "command"),
    "logout": Noun("pettycash_tui.cli.logout", "Sign out.", "command"),
    "whoami": Noun("pettycash_tui.cli.whoami", "Who is signed in, and with which roles.", "command"),
    "passwd": Noun("pettycash_tui.cli.passwd", "Change your password.", "command"),
    "totp": Noun("pettycash_tui.cli.totp", "Your authenticator app and its recovery codes."),
    "session": Noun("pettycash_tui.cli.sessions", "Where people are signed in, and ending it."),
    "overview": Noun("pettycash_tui.cli.overview", "What waits for you, the funds, the alerts.", "command"),
    "alert": Noun("pettycash_tui.cli.alert", "What is not as it should be."),
    "notice": Noun("pettycash_tui.cli.notice", "What you are told by email or SMS, and how."),
    "org": Noun("pettycash_tui.cli.org", "Companies, regions, branches, departments, cost centers."),
    "category": Noun("pettycash_tui.cli.category", "What money may be spent on."),
    "account": Noun("pettycash_tui.cli.account", "The chart of accounts."),
    "user": Noun("pettycash_tui.cli.user", "People, their roles and delegations."),
    "policy": Noun("pettycash_tui.cli.policy", "Thresholds and approval routes."),
    "req": Noun("pettycash_tui.cli.req", "Requisitions: ask, approve, follow."),
    "pay": Noun("pettycash_tui.cli.pay", "Payments: confirm by code, execute, follow."),
    "batch": Noun("pettycash_tui.cli.batch", "Bank files, and what the bank did with their lines."),
    "execution": Noun("pettycash_tui.cli.execution", "Payments that were executed."),
    "gateway": Noun("pettycash_tui.cli.gateway", "How M-Pesa is paid, and the listener for its results."),
    "ledger": Noun("pettycash_tui.cli.ledger", "Single entries of a fund's ledger."),
    "fund": Noun("pettycash_tui.cli.fund", "Funds: balance, ledger, replenishment."),
    "period": Noun("pettycash_tui.cli.period", "Months of the books: check, close, reopen."),
    "replenishment": Noun("pettycash_tui.cli.replenishment", "Requests to fill a fund up again."),
    "transfer": Noun("pettycash_tui.cli.transfer", "Money from one fund to another."),
    "variance": Noun("pettycash_tui.cli.variance", "Payments that came to another amount than booked."),
    "find": Noun("pettycash_tui.cli.find", "Find anything: a number, a payee, an amount.", "command"),
    "keys": Noun("pettycash_tui.cli.keys", "The desk's keys, and what is wrong with yours.", "command"),
    "jobs": Noun("pettycash_tui.cli.jobs", "Run what cron and timers run."),
    "secret": Noun("pettycash_tui.cli.secret", "Where passwords and keys are kept; rotate the server key."),
    "ssh": Noun("pettycash_tui.cli.ssh", "Whose SSH key is whose, and what sshd runs for one."),
    "audit": Noun("pettycash_tui.cli.audit", "Read the audit log."),
}
