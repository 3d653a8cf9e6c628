"""The two roles of the portal on PostgreSQL: the owner of the tables, and the application.

Row-level security binds neither superusers nor roles with BYPASSRLS, and an owner can switch it
off. So the application is a role that owns nothing, and migrations run as another one.
"""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

_ROUNDS = 4096
_RIGHTS = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES"
_HELD = """
SELECT r.rolsuper, r.rolbypassrls, EXISTS (
    SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
    AND pg_has_role(current_user, c.relowner, 'MEMBER'))
FROM pg_roles r WHERE r.rolname = current_user
"""

_OPEN = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'customer_id' AND NOT a.attisdropped
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relname = ANY (%s)
AND NOT (c.relrowsecurity AND c.relforcerowsecurity
    AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))
ORDER BY c.relname
"""
# Tables that name a customer and have no policy: who may see whom is read before a scope is set.
OPEN = frozenset({"tenants_accessgrant_customers", "tenants_apitoken_customers"})


def owner() -> dict[str, Any] | None:
    """How the owner connects; None where migrations run as the application."""
    found: dict[str, Any] | None = settings.MIGRATION_DATABASE
    return found


@contextmanager
def as_owner(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let a connection be the owner's, if there is one."""
    found = owner()
    if found is None or connection.vendor != "postgresql":
        yield
        return
    connection.close()
    mine = connection.settings_dict
    who = {name: found[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
    connection.settings_dict = {**mine, **who, "OPTIONS": found.get("OPTIONS", {})}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = mine


def grant(connection: BaseDatabaseWrapper) -> None:
    """As the owner: let the application read and write every table, and own none."""
    application = settings.DATABASES["default"]["USER"]
    if owner() is None or connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = cursor.fetchone()[0]
        for statement in _grants(application, schema):
            cursor.execute(statement.as_string())


def problems(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Why row-level security would not keep customers apart on this connection, by a short name."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD)
        superuser, bypasses, owns = cursor.fetchone()
        cursor.execute(_OPEN, [list(OPEN)])
        tables = ", ".join(name for (name,) in cursor.fetchall())
    role = f"The role {connection.settings_dict['USER'] or 'of DATABASE_URL'}"
    found = {
        "superuser": f"{role} is a superuser" if superuser else "",
        "bypass": f"{role} has BYPASSRLS" if bypasses else "",
        "owner": f"{role} owns the portal's tables, or belongs to who does" if owns else "",
        "tables": f"Row-level security is not forced on {tables}" if tables else "",
    }
    return {name: words for name, words in found.items() if words}


def script(application: Mapping[str, Any], owning: Mapping[str, Any]) -> str:
    """SQL that makes both roles where they are missing; to be run by an administrator."""
    app, own = application["USER"], owning["USER"]
    schema, database = sql.Identifier("public"), sql.Identifier(application["NAME"])
    parts = [
        _role(app, application["PASSWORD"]),
        _role(own, owning["PASSWORD"]),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}, {}").format(
            database, sql.Identifier(app), sql.Identifier(own)
        ),
        sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {}").format(schema, sql.Identifier(own)),
        *_grants(app, "public", of=own),
    ]
    return "\n".join(f"{part.as_string()};" for part in parts)


def _grants(application: str, schema: str, of: str = "") -> list[sql.Composed]:
    """Rights on the tables that are there, or with `of` on those that this role will make."""
    app, where = sql.Identifier(application), sql.Identifier(schema)
    use = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(where, app)
    if of:
        maker = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} ").format(
            sql.Identifier(of), where
        )
        rows = sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}").format(app)
        counts = sql.SQL("GRANT USAGE, SELECT ON SEQUENCES TO {}").format(app)
        return [use, maker + rows, maker + counts]
    rows = sql.SQL(f"GRANT {_RIGHTS} IN SCHEMA {{}} TO {{}}").format(where, app)
    counts = sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {} TO {}").format(where, app)
    return [use, rows, counts]


def _role(name: str, password: str) -> sql.Composed:
    """A role that is there already stays as it is; a password goes out only as its verifier."""
    made = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE").format(
        sql.Identifier(name)
    )
    if password:
        made += sql.SQL(" PASSWORD {}").format(sql.Literal(verifier(password)))
    body = sql.SQL("BEGIN {}; EXCEPTION WHEN duplicate_object THEN NULL; END").format(made)
    return sql.SQL("DO {}").format(sql.Literal(body.as_string()))


def verifier(password: str, salt: str = "") -> str:
    """What PostgreSQL keeps of a password (RFC 5803, SCRAM-SHA-256); the salt in base64."""
    raw = base64.b64decode(salt) if salt else secrets.token_bytes(16)
    prepared = unicodedata.normalize("NFKC", password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", prepared, raw, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    texts = [base64.b64encode(each).decode() for each in (raw, stored, server)]
    return f"SCRAM-SHA-256${_ROUNDS}:{texts[0]}${texts[1]}:{texts[2]}"
