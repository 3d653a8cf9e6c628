"""Between tests tables are emptied, which on SQLite is a DELETE: the audit trail refuses those."""

from typing import Any

from django.db.backends.sqlite3.base import DatabaseOperations

from tenants.append_only import guards, unguards


def append_only_yields_to_flush() -> None:
    """Let Django's flush take the triggers away and put them back; PostgreSQL has TRUNCATE."""
    plain = DatabaseOperations.sql_flush

    def flush(self: DatabaseOperations, *arguments: Any, **options: Any) -> list[str]:
        statements = plain(self, *arguments, **options)
        return [*unguards("sqlite"), *statements, *guards("sqlite")] if statements else []

    DatabaseOperations.sql_flush = flush  # type: ignore[method-assign]
