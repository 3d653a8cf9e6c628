"""What `manage.py check --deploy` says of the database's role and of the key ring."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info
from django.db import OperationalError, ProgrammingError, connection

from tenants import database_roles
from tenants.row_security import everything
from tenants.services import keys

_ROLES = (
    "Let DATABASE_URL name a role that owns nothing, and MIGRATION_DATABASE_URL the one that owns"
    " the tables: `manage.py database_roles` prints the SQL for both."
)
_TABLES = (
    "Run `manage.py migrate`. A table of your own needs protect(...) of tenants.row_security in a"
    " migration."
)
_IDS = {"superuser": "E001", "bypass": "E002", "owner": "E003", "tables": "E004"}


def attempts_cache(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """An error where each web server would count attempts to sign in by itself."""
    if "locmem" not in settings.CACHES["default"]["BACKEND"]:
        return []
    words = "Attempts to sign in are counted in the memory of each process"
    return [Error(f"{words}: nobody is held back for long.", "Set REDIS_URL.", id="tenants.E005")]


def database_role(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """An error for each reason why row-level security would not bind the application."""
    if connection.vendor != "postgresql":
        return []
    try:
        found = database_roles.problems(connection)
    except OperationalError:
        words = "The database does not answer: whether customers are kept apart in it is unknown"
        return [Info(f"{words}.", id="tenants.I001")]
    return [
        Error(
            f"{words}: customers are not kept apart.",
            _TABLES if name == "tables" else _ROLES,
            id=f"tenants.{_IDS[name]}",
        )
        for name, words in found.items()
    ]


def key_ring(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """An error for each key that is lost while something is sealed with it."""
    try:
        with everything():
            lost = keys.lost_keys()
    except (OperationalError, ProgrammingError):
        return [Info("Whether the key ring is whole is unknown: no database.", id="tenants.I002")]
    return [Error(str(key), keys.ADVICE, id="tenants.E005") for key in lost]
