"""`manage.py add_person`: the first sign-in of a fresh portal, and every one after it."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from tenants.domain.roles import Role
from tenants.models import AccessGrant, AuditPayload, User

EMAIL = "ann@lanternfield.example"
GOOD = "correct-horse-battery"


@pytest.fixture
def run(monkeypatch, db):
    """Runs the command with a password on standard input; gives what it printed."""

    def command(*arguments, typed=GOOD):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))
        out = io.StringIO()
        call_command("add_person", *arguments, stdout=out)
        return out.getvalue()

    return command


def test_a_person_over_all_customers_can_sign_in(run, client):
    assert (
        run(EMAIL, "--role", "admin", "--name", "Ann Ek")
        == f"{EMAIL}: administrator of all customers\n"
    )
    ann = User.objects.get()
    assert (ann.name, ann.check_password(GOOD)) == ("Ann Ek", True)
    assert AccessGrant.objects.get().scope == "all"
    signed_in = client.post("/accounts/login/", {"login": EMAIL, "password": GOOD})
    assert signed_in.status_code == 302


def test_the_password_is_neither_printed_nor_audited(run):
    assert GOOD not in run(EMAIL, "--role", "admin")
    assert GOOD not in repr([*AuditPayload.objects.values(), *User.objects.values()])


def test_a_person_of_one_customer(run, northmoor):
    printed = run(EMAIL, "--role", "viewer", "--customer", "northmoor")
    assert printed == f"{EMAIL}: customer viewer of Northmoor\n"
    assert list(AccessGrant.objects.get().customers.all()) == [northmoor.customer]


def test_a_person_of_several_customers_and_of_all_but_one(run, northmoor, southfen):
    both = ("--customer", "northmoor", "--customer", "southfen")
    assert run(EMAIL, "--role", "approver", *both) == f"{EMAIL}: approver of Northmoor, Southfen\n"
    printed = run(EMAIL, "--role", "auditor", "--except", "southfen")
    assert printed == f"{EMAIL}: auditor of all customers but Southfen\n"


def test_an_existing_person_gets_a_role_without_being_asked_for_a_password(run):
    run(EMAIL, "--role", "finance")
    run(EMAIL.upper(), "--role", "engineer", typed="short")
    ann = User.objects.get()
    assert ann.check_password(GOOD)
    assert {grant.role for grant in ann.grants.all()} == {Role.FINANCE, Role.ENGINEER}


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        ((EMAIL, "--role", "viewer"), GOOD, "list them. On the command line: --customer"),
        ((EMAIL, "--role", "customer_approver", "--except", "northmoor"), GOOD, "list them"),
        ((EMAIL, "--role", "admin", "--customer", "x", "--except", "y"), GOOD, "not allowed with"),
        ((EMAIL, "--role", "admin", "--customer", "nowhere"), GOOD, "Customers: northmoor."),
        (("not-an-address", "--role", "admin"), GOOD, "valid email"),
        ((EMAIL, "--role", "admin"), "", "too short"),
        ((EMAIL, "--role", "admin"), "password", "too common"),
        ((EMAIL, "--role", "admin"), "8412573609", "numeric"),
        ((EMAIL, "--role", "king"), GOOD, "invalid choice"),
        ((EMAIL,), GOOD, "required"),
    ],
)
def test_a_refusal_says_why_and_adds_nobody(run, northmoor, arguments, typed, words):
    with pytest.raises(CommandError, match=words):
        run(*arguments, typed=typed)
    assert not User.objects.exists()


def test_an_unknown_customer_of_an_empty_portal(run):
    with pytest.raises(CommandError, match="Customers: none yet"):
        run(EMAIL, "--role", "admin", "--customer", "x")
