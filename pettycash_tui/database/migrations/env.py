"""Run by Alembic: migrates over the connection that `schema.upgrade` hands in, installs
triggers, the isolation of companies, and grants."""

from __future__ import annotations

from alembic import context

from pettycash_tui.database import grants, isolation, triggers
from pettycash_tui.models.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
    triggers.install(connection)
    isolation.install(connection)
    # Who was granted the tables of before goes on working without being granted anew.
    grants.renew(connection)
