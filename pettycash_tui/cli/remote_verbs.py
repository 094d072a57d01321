"""What may be run by SSH: the one table, and what is refused on a command line whatever stands in it.

What is not in the table is refused: what sets up, backs up, serves, shows secrets or runs jobs is done on the treasury
host itself (`AT_THE_HOST` says why). Every verb checks the person's rights as it does anywhere, and a verb of the table
reads and writes files only by `cli.incoming` and `services.export_files`, which know no path of the host by SSH.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pettycash_tui.services.errors import InvalidInput, NotAllowed

ALONE = frozenset({"overview", "find", "keys", "whoami", "passwd"})
"""Nouns that are commands themselves."""

VERBS: dict[str, frozenset[str]] = {
    "totp": frozenset({"enrol", "verify", "recovery", "status", "reset"}),
    "session": frozenset({"list", "revoke"}),
    "alert": frozenset({"list", "acknowledge"}),
    "notice": frozenset({"list", "show", "retry", "choices", "choose"}),
    "org": frozenset({"company", "region", "branch", "department", "cost-center", "position", "import"}),
    "category": frozenset({"add", "edit", "list", "show", "deactivate"}),
    "account": frozenset({"add", "edit", "list", "show", "deactivate"}),
    "user": frozenset(
        {
            "add", "edit", "list", "show", "deactivate", "activate", "unlock", "set-password", "import", "delegate",
        }
    ),
    "policy": frozenset({"list", "show", "set", "deactivate", "check", "import", "explain"}),
    "req": frozenset(
        {
            "new", "edit", "submit", "withdraw", "list", "queue", "show", "explain", "approve", "review", "reject",
            "request-changes", "confirm-urgency", "decline-urgency", "reassign", "attach",
        }
    ),
    "pay": frozenset(
        {
            "list", "show", "voucher", "assign", "send-otp", "execute", "ask", "retry", "cancel",
            "explain", "bulk", "import", "imported", "reconcile", "unreconcile", "to-reconcile", "reconciliation",
            "schedule", "unschedule", "bank-file",
        }
    ),
    "batch": frozenset({"list", "show", "explain", "file", "confirm", "refuse"}),
    "execution": frozenset({"list", "show"}),
    "ledger": frozenset({"show", "journal"}),
    "fund": frozenset(
        {
            "add", "edit", "deactivate", "activate", "list", "show", "replenish", "transfer", "ledger", "export",
            "statement", "identity",
        }
    ),
    "period": frozenset({"list", "check", "close", "reopen"}),
    "replenishment": frozenset({"list", "show", "explain", "approve", "complete", "reject", "claim"}),
    "transfer": frozenset({"list", "show", "explain", "approve", "reject"}),
    "variance": frozenset({"record", "list", "show", "explain", "approve", "reject", "trend"}),
    "audit": frozenset({"log", "verify", "checkpoint", "export", "key"}),
    "ssh": frozenset({"add-key", "remove-key", "list", "get"}),
}  # fmt: skip

AT_THE_HOST: dict[str, str] = {
    "demo": "it makes books",
    "init": "it sets the books up",
    "db": "it upgrades, copies and replaces the books themselves",
    "doctor": "it looks at the files, keys and settings of the host",
    "login": "your key says who you are",
    "logout": "your key says who you are, and leaving is enough",
    "jobs": "a timer of the host runs it for everybody",
    "secret": "it names and changes the host's secrets",
    "gateway": "it shows, tries out and serves the host's settings, of which the callback's path is secret",
    "notice test": "it tries out the host's settings",
    "pay verify-otp": "each command is a session of its own, and a code pays in the session that verified it; give it"
    " with `pay execute PAY-… --otp CODE`",
    "ssh authorized-keys": "it is for sshd alone",
    "ssh serve": "it is for sshd alone",
}
"""What can only be run on the treasury host, a noun or one verb of it, and why."""

BEFORE_THE_NOUN = frozenset({"--json", "--quiet", "--no-color", "--help", "--version"})
NOWHERE = frozenset({"--as", "--database", "--home", "--install-completion", "--show-completion"})
"""Options that would say who or where one is."""
LONGEST = 20_000
"""Characters of a command line."""


def words_of(command: str) -> list[str]:
    """The words of what a client asked to run. There is no shell: `;`, `$(…)` and `>` are letters like others.

    Raises InvalidInput for what cannot be read, NotAllowed for what may not be run by SSH.
    """
    if len(command) > LONGEST or "\0" in command:
        raise InvalidInput("This command line is too long, or is none.", code="usage")
    try:
        words = shlex.split(command)
    except ValueError:
        raise InvalidInput("A quote in this command line is not closed.", code="usage") from None
    if words and words[0] == "pettycash":
        words = words[1:]
    for word in words:
        if word.partition("=")[0] in NOWHERE:
            raise NotAllowed(
                f"{word.partition('=')[0]} cannot be given by SSH: your key says who you are, the server which"
                " database it is.",
                code="not_by_ssh",
            )
    _look_up(words)
    return words


def wants_json(command: str) -> bool:
    """Whether the answer to this command line, even a refusal of it, is to be a document."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def _look_up(words: Sequence[str]) -> None:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        if rest[0] not in BEFORE_THE_NOUN:
            raise _not_here(rest[0])
        rest.pop(0)
    if not rest or rest[0] in ALONE:
        return
    noun, *after = rest
    verb = next((word for word in after if word not in BEFORE_THE_NOUN), "")
    if noun in VERBS and (verb in VERBS[noun] or (not verb and "--help" in after)):
        return
    raise _not_here(noun if noun in AT_THE_HOST else f"{noun} {verb}".strip())


def _not_here(what: str) -> NotAllowed:
    from pettycash_tui.models.text import printable

    why = AT_THE_HOST.get(what)
    because = f": {why}" if why else ""
    return NotAllowed(
        f"{printable(what[:60])!r} cannot be run by SSH{because}. Run `ssh HOST --help` for what there is, or ask an"
        " admin at the treasury host.",
        code="not_by_ssh",
    )
