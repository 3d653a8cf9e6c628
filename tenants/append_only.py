"""What the database itself refuses to do to the audit trail: on PostgreSQL and SQLite, by triggers.

An event may be linked once and is never changed or removed; a payload may be removed (erased) and
never changed. Whoever owns the tables can drop a trigger: that is what the chain is for.
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_EVENT, _PAYLOAD = "tenants_auditevent", "tenants_auditpayload"
_WORDS = "The audit trail is append-only"
_STAYS = ("id", "at", "customer_id", "action", "digest", "erases", "mac")
_GUARDS = (
    (_EVENT, "UPDATE", "audit_event_update"),
    (_EVENT, "DELETE", "audit_event_delete"),
    (_PAYLOAD, "UPDATE", "audit_payload_update"),
)


def guards(vendor: str) -> list[str]:
    """SQL that puts the triggers in place; for databases that know none of this, nothing."""
    if vendor == "postgresql":
        function = (
            "CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{_WORDS}'; END $$"
        )
        return [function, *(_trigger(*guard, vendor) for guard in _GUARDS)]
    if vendor == "sqlite":
        return [_trigger(*guard, vendor) for guard in _GUARDS]
    return []


def unguards(vendor: str) -> list[str]:
    """SQL that takes them away."""
    if vendor not in ("postgresql", "sqlite"):
        return []
    where = {table: f" ON {table}" if vendor == "postgresql" else "" for table, _, _ in _GUARDS}
    drops = [f"DROP TRIGGER IF EXISTS {name}{where[table]}" for table, _, name in _GUARDS]
    return [*drops, "DROP FUNCTION IF EXISTS audit_append_only()"][
        : None if vendor == "postgresql" else -1
    ]


def guard(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """For migrations: put the triggers in place."""
    for statement in guards(editor.connection.vendor):
        editor.execute(statement, params=None)


def unguard(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """For migrations: take them away."""
    for statement in unguards(editor.connection.vendor):
        editor.execute(statement, params=None)


def _trigger(table: str, verb: str, name: str, vendor: str) -> str:
    when = f" WHEN ({_changed(vendor)})" if (table, verb) == (_EVENT, "UPDATE") else ""
    each = " FOR EACH ROW"
    head = f"CREATE TRIGGER {name} BEFORE {verb} ON {table}{each}{when}"
    if vendor == "postgresql":
        return f"{head} EXECUTE FUNCTION audit_append_only()"
    return f"{head} BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"


def _changed(vendor: str) -> str:
    """Anything but the one step from not linked to linked."""
    differs = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
    linked = ["OLD.position IS NOT NULL", "NEW.position IS NULL"]
    return " OR ".join([*linked, *(f"OLD.{name} {differs} NEW.{name}" for name in _STAYS)])
