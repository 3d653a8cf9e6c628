"""Random tamperings before the latest exported anchor: each is found, and nothing else ever is.

The suite tries each way once on 500 events; `make audit` 300 on 10,000 (AUDIT_EVENTS,
AUDIT_TAMPERINGS, AUDIT_SEED). Every event goes through `record`, committed and linked on its own.
"""

import os
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from django.db import transaction
from django.utils import timezone

from tenants import services
from tenants.domain.reach import EVERYWHERE
from tenants.domain.roles import Role
from tenants.models import AuditEvent, AuditPayload, Customer, User
from tenants.services.audit_anchors import export_anchor
from tenants.services.audit_checks import Walk
from tenants.services.audit_erasure import erase_payloads, payloads_of_person
from tenants.services.audit_watch import findings_in
from tests.support.tampering import WAYS, Trail, ends, open_doors

EVENTS = int(os.environ.get("AUDIT_EVENTS", "500"))
TAMPERINGS = int(os.environ.get("AUDIT_TAMPERINGS", "36"))
SEED = int(os.environ.get("AUDIT_SEED", "6"))
FORGOTTEN = "person-3@msp.example"
pytestmark = pytest.mark.django_db(transaction=True)


class Undone(Exception):
    """Ends a transaction so that nothing of it stays."""


def staff() -> list[User]:
    return [
        services.add_person(
            email=f"person-{n}@msp.example",
            name=f"Person {n}",
            password=None,
            role=Role.ENGINEER,
            reach=EVERYWHERE,
            by=None,
        )
        for n in range(8)
    ]


def write(count: int, random: Random) -> None:
    """A mix as it comes about: by people and by the portal, for customers and for none."""
    people, customers = list(User.objects.all()), list(Customer.objects.all())
    while AuditEvent.objects.count() < count:
        one_event(random, people, customers)


def one_event(random: Random, people: list[User], customers: list[Customer]) -> None:
    by, customer = random.choice([None, *people]), random.choice([None, *customers])
    action, subject, detail = random.choice(
        [
            ("job.approved", f"Job {random.randint(1, 999)}", {"calls": random.randint(1, 9999)}),
            ("upload.accepted", f"Job {random.randint(1, 999)}", {"file": "people.csv"}),
            ("tenant.changed", "Tenant", {"fields": ["name"], "after": {"name": "Ü" * 20}}),
            ("access.granted", f"Person {random.randint(0, 7)}", {"role": "engineer"}),
            ("account.mark_cleared", "ann@customer.example", {}),
            ("quarantine.rests", "Tenant", {"text": "It rests.", "failures": 3}),
            ("price.added", "Global", {"price": "0.002", "from": "2026-06-01"}),
        ]
    )
    services.record(action, by=by, customer=customer, subject=subject, **detail)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "anchors"


@pytest.fixture
def trail(folder: Path) -> Trail:
    """Events with several anchors among them, an erasure, and a tail behind the latest anchor."""
    random, heads = Random(SEED), []
    by = staff()[0]
    for n in range(4):
        services.add_customer(name=f"Customer {n}", slug=f"c{n}", by=by)
    for share in (0.3, 0.6, 0.9):
        write(int(EVENTS * share), random)
        heads.append(ends())
        export_anchor(folder, timezone.now())
        if share == 0.6:
            erase_payloads(payloads_of_person(FORGOTTEN), by=None, reason="asked for")
    anchored = heads[-1][0]
    write(EVENTS, random)
    return Trail(AuditEvent.objects.count(), anchored, heads)


def found(folder: Path) -> list[str]:
    return [str(finding) for finding in findings_in(folder, Walk())]


def test_every_tampering_is_found(folder: Path, trail: Trail) -> None:
    began = time.monotonic()
    assert found(folder) == []
    once = time.monotonic() - began
    tried, missed = Counter[str](), []
    names = list(WAYS)
    for number in range(TAMPERINGS):
        random = Random(f"{SEED}/{number}")
        name = names[number] if number < len(names) else random.choice(names)
        try:
            with transaction.atomic():
                open_doors()
                words = WAYS[name](random, trail)
                seen = found(folder)
                raise Undone
        except Undone:
            tried[name] += 1
        if not seen:
            missed.append(f"{number}: {words}")
    assert found(folder) == [], "after all of it was undone"
    print(f"\n{trail.events} events, {trail.anchored} before the latest anchor, seed {SEED}:")
    for name, times in sorted(tried.items()):
        print(f"  {times:4} {name}")
    print(f"  {tried.total() - len(missed)} of {tried.total()} found; one check {once:.2f} s")
    assert not missed
    assert tried.total() == TAMPERINGS


def test_behind_the_latest_anchor_the_sealed_end_guards(folder: Path, trail: Trail) -> None:
    """Nothing but the seal can tell: every hash is right, and no anchor has seen these events."""
    tail = Trail(trail.events, trail.events - 1, trail.heads)
    tail.position = lambda _: trail.events - 5  # type: ignore[method-assign]
    names = (
        "payload edited, hashed again",
        "event deleted, hashed again",
        "cut off, end put there",
    )
    for name in names:
        with transaction.atomic():
            open_doors()
            WAYS[name](Random(SEED), tail)
            seen = found(folder)
            transaction.set_rollback(True)
        assert seen == ["End of the chain: the row that guards it was changed"], name


def test_erasing_a_person_breaks_nothing(folder: Path, trail: Trail) -> None:
    kept, payloads = AuditEvent.objects.count(), AuditPayload.objects.count()
    person = User.objects.get(email="person-5@msp.example")
    rows = payloads_of_person(person.email)
    assert rows.count() > EVENTS // 20
    erased = erase_payloads(rows, by=None, reason="asked for")
    assert found(folder) == []
    assert not payloads_of_person(person.email).exists()
    # Some events more say so, a batch each.
    batches = AuditEvent.objects.count() - kept
    assert batches == -(-erased // 500)
    assert AuditPayload.objects.count() == payloads - erased + batches
    gone = AuditEvent.objects.filter(payload=None).select_related("payload").first()
    assert gone is not None
    assert (gone.actor, gone.actor_email, gone.subject, gone.detail) == (None, "", "", {})
