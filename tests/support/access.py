"""Who asks what of whom: two customers with every kind of object, and a person for each standing.

For the matrix of routes and roles in `tests/integration/portal/test_access.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from billing.domain.periods import Month
from billing.models import Budget, ExchangeRate, PriceBookEntry
from billing.services.statements import add_correction, close_statement, open_statement
from provisioning.models import DirectoryObject, Job, Operation, Reconciliation
from tenants import services
from tenants.domain.reach import EVERYWHERE, Reach, Scope
from tenants.domain.roles import CUSTOMERS_OWN, Role
from tenants.models import Contact, Customer, Tenant, User
from tests.support.certificates import KeyPair, make_pair
from tests.support.rows import (
    add_bill,
    add_blackout,
    add_job,
    add_schedule,
    add_tenant,
    add_webhook,
)

Targets = dict[str, dict[str, Any]]

PUBLIC, SIGNED_IN = "public", "signed in"


@dataclass(frozen=True)
class Route:
    """Whom a route serves, what it then answers, and the object it names.

    `posts`: whom it serves when something is sent to it, where those are fewer. `whole`: only with
    a role over all customers.
    """

    roles: str
    answer: int = 200
    names: str = ""
    method: str = "get"
    arguments: dict[str, Any] = field(default_factory=dict)
    posts: str = ""
    whole: bool = False

    def serves(self, method: str) -> str:
        """Letters of the roles whose request by this method is answered."""
        return (self.posts or self.roles) if method == "post" else self.roles


LETTERS = {
    "A": Role.ADMIN,
    "E": Role.ENGINEER,
    "P": Role.APPROVER,
    "F": Role.FINANCE,
    "U": Role.AUDITOR,
    "V": Role.VIEWER,
    "C": Role.CUSTOMER_APPROVER,
}


@dataclass(frozen=True)
class Standing:
    """Somebody of the matrix: a role (its letter; "S" a superuser, "" none), and where it is held.

    Where: "own" customer, "all but other", "all", "none" (a grant that lists nobody any more), or
    "taken" (the grant was taken away).
    """

    letter: str
    where: str
    person: User

    @property
    def holds_all(self) -> bool:
        """Whether nothing is out of reach."""
        return self.where == "all"

    @property
    def holds_own(self) -> bool:
        """Whether the customer called own is in reach."""
        return self.where in ("own", "all but other", "all")


@dataclass(frozen=True)
class World:
    """Objects of the own and the other customer by kind, and everybody who asks."""

    own: Targets
    other: Targets
    standings: list[Standing]

    def person(self, letter: str, where: str = "own") -> User:
        """The one person of this standing."""
        (found,) = (s.person for s in self.standings if (s.letter, s.where) == (letter, where))
        return found


def build() -> World:
    """Two customers, everybody with a role in each way it can be held, a superuser, a nobody."""
    own, other = objects("own"), objects("other")
    customers = Customer.objects.in_bulk(field_name="slug")
    mine, theirs = (customers[each["customer"]["slug"]] for each in (own, other))
    reaches = {
        "own": Reach(Scope.LISTED, frozenset({mine.pk})),
        "all but other": Reach(Scope.ALL_EXCEPT, frozenset({theirs.pk})),
        "all": EVERYWHERE,
    }
    standings = []
    for letter, role in LETTERS.items():
        wheres = ["own"] if role in CUSTOMERS_OWN else list(reaches)
        for where in wheres:
            standings.append(Standing(letter, where, _person(letter, where, role, reaches[where])))
        person = _person(letter, "none", role, reaches["own"])
        person.grants.get().customers.clear()
        standings.append(Standing(letter, "none", person))
    person = _person("A", "taken", Role.ADMIN, reaches["own"])
    services.take_role(user=person, role=Role.ADMIN, by=None)
    standings.append(Standing("A", "taken", person))
    root = User.objects.create_superuser("root@msp.example", "a-password-for-tests")
    nobody = User.objects.create_user("nobody@msp.example", "a-password-for-tests")
    standings += [Standing("S", "all", root), Standing("", "none", nobody)]
    own["person"] = other["person"] = {"pk": nobody.pk}
    return World(own, other, standings)


def _person(letter: str, where: str, role: Role, reach: Reach) -> User:
    return services.add_person(
        email=f"{letter}-{where.replace(' ', '-')}@msp.example",
        name=f"{role} {where}",
        password="a-password-for-tests",
        role=role,
        reach=reach,
        by=None,
    )


def objects(slug: str) -> Targets:
    """A customer with everything that an address can name."""
    tenant = add_tenant(slug)
    priced = {
        "planned_at": timezone.now(),
        "planned_calls": 3,
        "expected_calls": 3,
        "least_calls": 2,
        "most_calls": 5,
        "reasons": [{"cause": "retries", "fewer": 1, "more": 2, "text": "Calls are made again."}],
        "reading_calls": 0,
        "calls_made": 3,
        "unit_price": Decimal("0.002"),
        "currency": "USD",
        "approval": {"approvers": "one", "reasons": ["It costs USD 0.006: at most USD 0 go."]},
    }
    ended = add_job(tenant, Job.State.FINISHED, ended_at=timezone.now(), **priced)
    waiting = add_job(tenant, Job.State.PLANNED, **priced)
    back = add_job(tenant, Job.State.FINISHED, kind=Job.Kind.RECONCILE, ended_at=timezone.now())
    Reconciliation.objects.create(
        customer=tenant.customer, tenant=tenant, job=back, whole=True, promised_calls=1
    )
    operation = Operation.objects.create(
        customer=tenant.customer,
        tenant=tenant,
        job=waiting,
        kind=Operation.Kind.LEAVE,
        state=Operation.State.SKIPPED,
        key="1",
        person="Ann",
        user_name="ann@msp.example",
    )
    schedule, blackout = add_schedule(tenant), add_blackout(tenant)
    contact = Contact.objects.create(customer=tenant.customer, name="Ida", email="i@a.example")
    account = DirectoryObject.objects.create(
        customer=tenant.customer, tenant=tenant, entra_id=slug, user_name="a", folded_user_name="a"
    )
    one = add_job(tenant, Job.State.PLANNED, kind=Job.Kind.ON_DEMAND, subject_key="7", **priced)
    webhook = add_webhook(tenant.customer)
    credential = services.store_certificate(
        tenant=tenant, client_id=slug, pem=_pair().key_pem + _pair().certificate_pem, by=None
    )
    return {
        "": {},
        "customer": {"slug": tenant.customer.slug},
        "tenant": {"slug": tenant.slug},
        "contact": {"slug": tenant.customer.slug, "pk": contact.pk},
        "credential": {"slug": tenant.slug, "pk": credential.pk},
        "schedule": {"slug": tenant.slug, "pk": schedule.pk},
        "blackout": {"slug": tenant.slug, "pk": blackout.pk},
        "ended job": {"pk": ended.pk},
        "waiting job": {"pk": waiting.pk},
        "operation": {"pk": waiting.pk, "operation": operation.pk},
        "source": {"slug": tenant.slug, "source": "main"},
        "account": {"slug": tenant.slug, "pk": account.pk},
        "job on demand": {"pk": one.pk},
        "reconcile": {"pk": back.pk},
        "destination": {"pk": webhook.pk},
        "message": {"pk": webhook.messages.get().pk},
        **_bills(tenant),
    }


def _bills(tenant: Tenant) -> Targets:
    """Two statements, the later with a correction of the earlier, a budget, an imported bill."""
    admin = User.objects.create_superuser(f"bills-{tenant.slug}@msp.example")
    closed, later = (
        open_statement(customer=tenant.customer, month=Month(2026, number), by=admin)
        for number in (4, 5)
    )
    closed = close_statement(statement=closed, by=admin)
    line = add_correction(
        corrects=closed, currency="USD", amount=Decimal("0.002"), note="Late", by=admin
    )
    budget = Budget.objects.create(customer=tenant.customer, tenant=tenant, amount=5)
    return {
        "statement": {"pk": later.pk},
        "closed statement": {"pk": closed.pk},
        "correction": {"pk": later.pk, "line": line.pk},
        "budget": {"pk": budget.pk},
        "bill": {"pk": add_bill(tenant).pk},
        "price": {"pk": PriceBookEntry.objects.order_by("pk")[0].pk},
        "rate": {"pk": _rate().pk},
    }


def _rate() -> ExchangeRate:
    """What everybody's costs are turned by belongs to no customer."""
    facts = {"base": "USD", "quote": "EUR", "day": Month(2026, 4).start.date()}
    return ExchangeRate.objects.get_or_create(**facts, defaults={"rate": Decimal("0.9")})[0]


@cache
def _pair() -> KeyPair:
    return make_pair("own")


def routes_of(resolver: URLResolver) -> Iterator[URLPattern]:
    """Every route of the URL configuration."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes_of(entry)
        else:
            yield entry


def address(name: str, route: Route, target: Targets) -> str:
    """Where a route is, for the object it names."""
    return reverse(name, kwargs={**target[route.names], **route.arguments})


def ask(client: Client, method: str, where: str) -> int:
    """What is answered; whatever the request has written is taken back."""
    with transaction.atomic():
        response = getattr(client, method)(where)
        response.close()
        transaction.set_rollback(True)
    return int(response.status_code)


def body_of(response: Any) -> str:
    """What a response holds, streamed or not; an archive's names are in it as they are."""
    whole = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return whole.decode(errors="replace")
