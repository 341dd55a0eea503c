"""Run by ``base.db.migrate`` with an open connection; never connects by itself."""

from alembic import context

from base.db import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
