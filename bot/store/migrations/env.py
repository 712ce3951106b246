"""What Alembic runs around each step; `bot.store.migrate` hands it the connection."""

from alembic import context

from bot.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    transactional_ddl=True,  # on SQLite too: our engine begins transactions by itself
)
with context.begin_transaction():
    context.run_migrations()
