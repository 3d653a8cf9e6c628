"""Every command that acts for a person asks what they may do, as the pages do."""

import io
from argparse import ArgumentParser
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.core.management import CommandError, call_command, get_commands, load_command_class

from provisioning.models import Job
from tenants.domain.roles import CUSTOMERS_OWN, Role
from tenants.models import Tenant
from tests.support.rows import add_person, add_tenant

ROOMS = ("tenants", "billing", "provisioning", "msp_portal")
# The requirement in its own words: what each is called with, and the roles it works for.
COMMANDS: dict[str, tuple[list[str], set[Role]]] = {
    "sync": (["{tenant}"], {Role.ADMIN, Role.ENGINEER}),
    "reconcile": (["{tenant}", "--price"], {Role.ADMIN, Role.ENGINEER}),
    "profile_import": (["{tenant}", "{file}"], {Role.ADMIN, Role.ENGINEER}),
    "read_attributes": (["{tenant}"], {Role.ADMIN, Role.ENGINEER}),
    "try_connection": (["{tenant}"], {Role.ADMIN, Role.ENGINEER}),
}
# About the portal, not a tenant: only who administers all customers may.
PORTAL_WIDE = {
    "erase_audit_payloads": ["--person", "gone@msp.example"],
    "verify_audit": ["--resume"],
}
REFUSED = r"may not|There is no tenant|No person|name yourself"


@pytest.fixture
def own(db: None) -> Tenant:
    return add_tenant("own")


@pytest.fixture
def other(db: None) -> Tenant:
    return add_tenant("other")


def say(command: str, tenant: Tenant, file: Path, email: str) -> str:
    """Why a command ended early; "" when it did its work."""
    given = [each.format(tenant=tenant.slug, file=file) for each in COMMANDS[command][0]]
    try:
        call_command(command, *given, "--as", email, stdout=io.StringIO(), stderr=io.StringIO())
    except CommandError as error:
        return str(error)
    return ""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "profile.yaml"
    path.write_text("nothing: here\n")
    return path


def test_every_command_that_acts_for_a_person_is_listed() -> None:
    acting = set()
    for name, room in get_commands().items():
        if room in ROOMS:
            parser: ArgumentParser = load_command_class(room, name).create_parser("manage.py", name)
            if "--as" in parser._option_string_actions:
                acting.add(name)
    assert acting == set(COMMANDS) | set(PORTAL_WIDE)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("command", PORTAL_WIDE)
def test_a_command_about_the_portal_is_an_administrators_of_all(
    own: Tenant, command: str, role: Role
) -> None:
    people = [add_person(role, own.customer)]
    if role not in CUSTOMERS_OWN | {Role.ADMIN}:
        people.append(add_person(role, None))
    for person in people:
        with pytest.raises(CommandError, match="may not"):
            call_command(command, *PORTAL_WIDE[command], "--as", person.email, stdout=io.StringIO())


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_refuses_whom_a_page_refuses(
    own: Tenant, other: Tenant, file: Path, command: str, role: Role
) -> None:
    person = add_person(role, own.customer)
    before = Job.objects.count()
    said = say(command, own, file, person.email)
    assert (f"{person.email} may not" in said) is (role not in COMMANDS[command][1]), said
    # Of another customer's tenant not even the name is told.
    said = say(command, other, file, person.email)
    assert "There is no tenant 'other' here. Tenants: own." in said
    assert Job.objects.count() == before


@pytest.mark.parametrize("command", COMMANDS)
def test_who_has_left_or_lost_the_role_acts_no_more(own: Tenant, file: Path, command: str) -> None:
    gone = add_person(Role.ENGINEER, own.customer)
    gone.grants.all().delete()
    assert "There is no tenant 'own' here. Tenants: none." in say(command, own, file, gone.email)
    left = add_person(Role.ENGINEER, None)
    type(left).objects.filter(pk=left.pk).update(is_active=False)
    said: Any = say(command, own, file, left.email)
    assert "No person" in said or "name yourself" in said


def test_no_task_acts_for_a_person() -> None:
    """What workers do was decided, and checked, before. A task for a person asks the table here."""
    current_app.loader.import_default_modules()
    ours = [task for name, task in current_app.tasks.items() if name.split(".")[0] in ROOMS]
    assert ours
    for task in ours:
        named = set(signature(task.run).parameters) & {"by", "person", "user", "viewer", "email"}
        assert not named, f"{task.name}: ask what {named} may do, and list it with its test"
