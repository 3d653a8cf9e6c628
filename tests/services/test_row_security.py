"""Customers are kept apart by PostgreSQL itself, between its two roles as in production."""

import os
import subprocess
import sys
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.support import services
from tests.support.sandbox import ROOT
from tests.support.services import Roles

FOLDER = "tests/support/row_security"
BASE = {
    "SECRET_KEY": "for-tests-only-" * 4,
    "VAULT_KEYS": f"k1:{'A' * 43}=",
    "ALLOWED_HOSTS": "portal.example,127.0.0.1,testserver",
    "MFA_REQUIRED_ROLES": "",  # people of tests have no factor
}


def environment(roles: Roles, **more: str) -> dict[str, str]:
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST_")}
    return {
        **inherited,
        **BASE,
        **roles.environment,
        "ADMIN_DATABASE_URL": roles.admin,
        "PYTHONWARNINGS": "ignore",
        **more,
    }


def run(roles: Roles, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(roles, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def manage(roles: Roles, *arguments: str, **more: str) -> str:
    done = run(roles, "manage.py", *arguments, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def checks(roles: Roles, *options: str) -> subprocess.CompletedProcess[str]:
    plain = ("-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-o", "python_files=check_*.py")
    return run(roles, "-m", "pytest", *plain, FOLDER, *options, SECURE="0")


def tell(roles: Roles, *statements: str) -> None:
    with psycopg.connect(roles.admin) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def migrated(postgres_url: str) -> Roles:
    """A database that its owner has migrated, in which nothing is yet."""
    found = services.with_roles(postgres_url, f"rows{uuid4().hex[:12]}")
    manage(found, "migrate", "-v0")
    return found


@pytest.fixture
def roles(migrated: Roles) -> Roles:
    """The same for one test."""
    return services.copied(migrated, f"rows{uuid4().hex[:12]}")


def test_every_table_request_and_task_keeps_customers_apart(roles: Roles) -> None:
    done = checks(roles)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_a_table_that_is_not_protected_is_named_with_what_to_do(roles: Roles) -> None:
    deploy = ("check", "--deploy", "--fail-level", "WARNING")
    assert "no issues" in manage(roles, *deploy, REDIS_URL="redis://redis.example/0")
    tell(
        roles,
        "DROP POLICY customers ON billing_call",
        "ALTER TABLE provisioning_job NO FORCE ROW LEVEL SECURITY",
        "CREATE TABLE later (id bigint, customer_id bigint)",
    )
    done = checks(roles, "-k", "a_policy_or_a_reason")
    assert done.returncode == 1
    assert 'operations = [..., protect("billing_call")]' in done.stdout
    assert 'protect("provisioning_job")' in done.stdout
    refused = run(roles, "manage.py", "check", "--deploy")
    assert "not forced on billing_call, later, provisioning_job" in refused.stderr


@pytest.mark.parametrize(
    ("who", "words"),
    [("admin", "is a superuser"), ("owner", "owns the portal's tables"), ("bypass", "BYPASSRLS")],
)
def test_check_deploy_refuses_a_role_that_no_policy_binds(
    roles: Roles, who: str, words: str
) -> None:
    url = getattr(roles, who, roles.application)
    name = roles.application.partition("//")[2].partition(":")[0]
    if who == "bypass":
        tell(roles, f'ALTER ROLE "{name}" BYPASSRLS')
    done = run(roles, "manage.py", "check", "--deploy", DATABASE_URL=url)
    tell(roles, f'ALTER ROLE "{name}" NOBYPASSRLS')
    assert done.returncode == 1
    assert words in done.stderr


def test_the_owners_data_migration_changes_every_customers_rows(roles: Roles) -> None:
    rows = (
        "from tests.support.row_security.filling import fill\n"
        "from tenants.row_security import everything\n"
        "with everything():\n    fill('One'); fill('Two')"
    )
    manage(roles, "shell", "-v0", "-c", rows)
    later = {"DJANGO_SETTINGS_MODULE": "tests.support.row_security.later_settings"}
    # Django's own command, as the same owner, without a scope: it says OK and changes nothing.
    core = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from django.core.management.commands.migrate import Command\n"
        "call_command(Command(), 'later', verbosity=0)"
    )
    done = run(roles, "-c", core, **later, DATABASE_URL=roles.owner)
    assert "0 rows changed" in done.stdout, done.stderr
    manage(roles, "migrate", "later", "zero", "--fake", "-v0", **later)
    assert "2 rows changed" in manage(roles, "migrate", "-v0", **later)


def test_who_may_not_make_tables_is_told_to_use_the_owner(roles: Roles) -> None:
    application = psycopg.connect(roles.application, autocommit=True)
    with application as connection:
        for statement in (
            "CREATE TABLE mine (id bigint)",
            "ALTER TABLE tenants_customer NO FORCE ROW LEVEL SECURITY",
            "TRUNCATE tenants_customer CASCADE",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)  # type: ignore[call-overload]


def test_printed_sql_holds_a_verifier_that_the_server_would_make_itself(roles: Roles) -> None:
    from tenants.database_roles import verifier

    script = manage(roles, "database_roles", DATABASE_URL=_renamed(roles.application))
    assert "a-secret" not in script
    tell(roles, script, script)  # twice: roles that are there stay
    with psycopg.connect(roles.admin) as connection:
        connection.execute("SET password_encryption = 'scram-sha-256'")
        connection.execute("CREATE ROLE plain LOGIN PASSWORD 'a-secret'")
        kept: Any = connection.execute(
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'plain'"
        ).fetchone()
        connection.rollback()
    salt = kept[0].partition(":")[2].partition("$")[0]
    assert verifier("a-secret", salt) == kept[0]


def _renamed(url: str) -> str:
    """The same database as another role with a password."""
    server = url.partition("@")[2]
    return f"postgres://another{uuid4().hex[:8]}:a-secret@{server}"


def test_a_backup_of_the_owner_needs_the_scope(roles: Roles) -> None:
    programs = services.postgres_programs()
    assert programs is not None
    manage(
        roles,
        "shell",
        "-v0",
        "-c",
        "from tenants import services\nservices.add_customer(name='Kept', slug='kept', by=None)",
    )
    command = [str(programs / "pg_dump"), "--enable-row-security", "-a", roles.owner]
    options = {"PGOPTIONS": "-c portal.customers=all"}
    done = subprocess.run(
        command, env={**os.environ, **options}, capture_output=True, text=True, check=True
    )
    assert "\tKept\t" in done.stdout
