"""Where a claim goes: text to stdout, text or PDF to a file, or (with `--json` and no file) all of it as a document."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pettycash_tui.cli import output, session
from pettycash_tui.cli.options import options
from pettycash_tui.services.errors import InvalidInput

if TYPE_CHECKING:
    from typer._click import Context

    from pettycash_tui.services.claims import Claim


def write(ctx: Context, found: Claim, format: str, file: str | None, *, replace: bool) -> None:
    """Write the claim. Raises InvalidInput for what does not go together, Refused for a file that cannot be written."""
    wanted = format.strip().lower()
    if wanted not in ("text", "pdf"):
        raise InvalidInput.of(format="must be text or pdf")
    if replace and file is None:
        raise InvalidInput.of(replace="goes with --output FILE")
    if file is None and wanted == "pdf" and (options(ctx).json or sys.stdout.isatty()):
        raise InvalidInput.of(output="must name a file: a PDF on a terminal is of no use (or redirect it: > FILE)")
    if file is None and options(ctx).json:
        output.emit(ctx, found)
        return
    content = _content(found, wanted)
    if file is None:
        output.emit_bytes(content)
        return
    from pettycash_tui.services import claims, export_files

    with export_files.at_path(Path(file), replace=replace) as draft:
        draft.file.write(content)
        size, digest = draft.finish()
        # Noted before the file has its name: nothing is there that no event tells of.
        session.run(ctx, claims.record_written, found, format=wanted, file=draft.name, size=size, sha256=digest)
        path = draft.keep()
    document = {"number": found.number, "path": path, "size": len(content)}
    output.emit(ctx, document, sentence=f"The claim {found.number} is written to {path} ({len(content):,} bytes).")


def _content(found: Claim, wanted: str) -> bytes:
    from pettycash_tui.printing import claim

    if wanted == "text":
        return claim.claim_text(found).encode()
    made = BytesIO()
    claim.write_pdf(found, made)
    return made.getvalue()
