"""What `manage.py check --deploy` says of the database's role."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info
from django.db import OperationalError, connection

from tenants import database_roles

_HINT = (
    "Let DATABASE_URL name a role that owns nothing, and MIGRATION_DATABASE_URL the one that owns"
    " the tables: `manage.py database_roles` prints the SQL for both."
)


def database_role(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """An error for each reason why row-level security would not bind the application."""
    if connection.vendor != "postgresql":
        return []
    try:
        found = database_roles.problems(connection)
    except OperationalError:
        words = "The database does not answer: whether row-level security binds its role is unknown"
        return [Info(f"{words}.", id="tenants.I001")]
    role = connection.settings_dict["USER"] or "of DATABASE_URL"
    return [
        Error(f"The database role {role} {reason}: customers are not kept apart.", _HINT, id=name)
        for reason, name in zip(found, _IDS, strict=False)
    ]


_IDS = ("tenants.E001", "tenants.E002", "tenants.E003")
