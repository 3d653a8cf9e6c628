"""Erasing what is known of a tenant's people: by table, in batches, counted.

Every table of the portal is named here or in `KEPT` with the reason, so that none is forgotten
(tests/unit/test_erasure.py). What is kept says how much was done and what it cost, about nobody.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from billing.services import forget_subjects
from provisioning.models import (
    AcceptedDrift,
    DeletedAccount,
    Directory,
    DirectoryGroup,
    DirectoryObject,
    Drift,
    GroupMember,
    HeldRecord,
    Job,
    MappingProfile,
    Operation,
    ProtectedMember,
    Quarantine,
    Schedule,
    Snapshot,
    SnapshotChunk,
    TenantDomain,
)
from tenants.models import Contact, Destination, Message, Readiness, Tenant
from tenants.services.audit_erasure import erase_payloads, payloads_of_customer

_BATCH = 5_000

# Rows that go, those that point at others first; how each finds its tenant.
DELETED: tuple[tuple[type[Model], str], ...] = (
    (AcceptedDrift, "tenant"),
    (Drift, "tenant"),
    (HeldRecord, "job__tenant"),
    (Operation, "tenant"),
    (SnapshotChunk, "snapshot__tenant"),
    (GroupMember, "group__tenant"),
    (ProtectedMember, "tenant"),
    (DeletedAccount, "tenant"),
    (DirectoryGroup, "tenant"),
    (DirectoryObject, "tenant"),
    (Directory, "tenant"),
    (TenantDomain, "tenant"),
    (Quarantine, "tenant"),
)


def _blank_jobs(tenant: Tenant) -> int:
    """Counts and times stay; names of files, keys, and texts that may name somebody go."""
    marked = Q(subject_key="", file_name="", problem="", comparison=None, flapping={})
    jobs = Job.objects.filter(tenant=tenant).exclude(marked)
    return jobs.update(subject_key="", file_name="", problem="", comparison=None, flapping={})


def _blank_snapshots(tenant: Tenant) -> int:
    reads = Snapshot.objects.filter(tenant=tenant).exclude(file_name="", erased_at__isnull=False)
    return reads.update(file_name="", erased_at=timezone.now())


def _blank_profiles(tenant: Tenant) -> int:
    """Drafts may hold samples; what was published is what the reports are read by."""
    drafts = MappingProfile.objects.filter(tenant=tenant).exclude(draft=None, origin_before=None)
    return drafts.update(draft=None, origin_before=None)


def _blank_schedules(tenant: Tenant) -> int:
    told = Schedule.objects.filter(tenant=tenant).exclude(last_result="")
    return told.update(last_result="")


def _blank_tenant(tenant: Tenant) -> int:
    listed = Tenant.objects.filter(pk=tenant.pk).exclude(protected_accounts=[])
    return listed.update(protected_accounts=[])


def _blank_readiness(tenant: Tenant) -> int:
    named = Readiness.objects.filter(tenant=tenant).exclude(licence_confirmed_by="")
    return named.update(licence_confirmed_by="")


def _is_the_last(tenant: Tenant) -> bool:
    """What belongs to the customer is needed as long as one of its tenants stays."""
    others = Tenant.objects.filter(customer_id=tenant.customer_id).exclude(pk=tenant.pk)
    return not others.filter(Q(offboarding=None) | Q(offboarding__erased_at=None)).exists()


def _contacts(tenant: Tenant) -> int:
    if not _is_the_last(tenant):
        return 0
    return Contact.objects.filter(customer_id=tenant.customer_id).delete()[0]


def _messages(tenant: Tenant) -> int:
    if not _is_the_last(tenant):
        return 0
    _, deleted = Message.objects.filter(customer_id=tenant.customer_id).delete()
    return sum(deleted.values())


def _destinations(tenant: Tenant) -> int:
    if not _is_the_last(tenant):
        return 0
    _, deleted = Destination.objects.filter(customer_id=tenant.customer_id).delete()
    return sum(deleted.values())


def _audit_payloads(tenant: Tenant) -> int:
    """Who did what to whom; that it was done stays in the chain, with the proof of the erasure."""
    if not _is_the_last(tenant):
        return 0
    rows = payloads_of_customer(tenant.customer)
    return erase_payloads(rows, by=None, reason="offboarding", customer=tenant.customer)


# Rows that stay without what they say of people.
BLANKED: Mapping[str, Callable[[Tenant], int]] = {
    "provisioning.Job": _blank_jobs,
    "provisioning.Snapshot": _blank_snapshots,
    "provisioning.MappingProfile": _blank_profiles,
    "provisioning.Schedule": _blank_schedules,
    "tenants.Tenant": _blank_tenant,
    "tenants.Readiness": _blank_readiness,
    "tenants.Contact": _contacts,
    "tenants.Message": _messages,
    "tenants.Destination": _destinations,
    "tenants.AuditPayload": _audit_payloads,
    "billing.Call": forget_subjects,
}

# Tables that stay as they are, and why.
KEPT: Mapping[str, str] = {
    "billing.BillDay": "counts and amounts of a directory's days, from Azure's bill",
    "billing.BillFile": "names of files that finance imported, and counts",
    "billing.Budget": "amounts, set by finance",
    "billing.BudgetWarning": "amounts and dates",
    "billing.MonthForecast": "counts and amounts that are expected",
    "billing.Reservation": "counts, until a slice ends",
    "billing.CustomerTerms": "what the customer was charged",
    "billing.DailyUsage": "counts by day, which the bill is made of",
    "billing.MonthUsage": "the same counts by month",
    "billing.ExchangeRate": "rates, the same for everybody",
    "billing.ForeignDay": "counts by day",
    "billing.ReconciledMonth": "counts and dates",
    "billing.Statement": "what the customer was told and charged",
    "billing.StatementLine": "what the customer was told and charged",
    "billing.StatementNumber": "how many statements there are",
    "billing.UnusualHour": "counts of an hour",
    "billing.Usage": "counts by hour, which the bill is made of",
    "billing.PriceBookEntry": "prices, the same for everybody",
    "provisioning.ApplicationPace": "how fast an application may send",
    "provisioning.ApprovalPolicy": "limits, which explain past approvals",
    "provisioning.Blackout": "hours in which nothing was sent",
    "provisioning.ConnectionTest": "how the directory answered, about nobody in it",
    "provisioning.Lane": "whose turn it is",
    "provisioning.ProfileTemplate": "holds no customer's data",
    "provisioning.ProfileVersion": "rules about columns, by which past reports are read",
    "provisioning.Reconciliation": "counts",
    "provisioning.Source": "names of sources, which jobs name",
    "tenants.AccessGrant": "the MSP's own people; who belongs to the customer is removed by hand",
    "tenants.ApiToken": "the MSP's own; a digest, and which customers' figures it read",
    "tenants.AuditAnchor": "counts and hashes",
    "tenants.AuditCheck": "counts and numbers of events",
    "tenants.AuditEvent": "the proof: what was done and when; by whom and to whom is erased",
    "tenants.AuditHead": "a count and a hash",
    "tenants.Credential": "when which kind was used; its secret is erased when jobs have ended",
    "tenants.Customer": "statements name it",
    "tenants.FirstRun": "about the portal itself",
    "tenants.Invitation": "for the MSP's own people",
    "tenants.Offboarding": "the proof",
    "tenants.User": "the MSP's own people",
    "tenants.VaultKey": "names of keys",
}


def erase_people(tenant: Tenant, counted: Callable[[str, int], None]) -> None:
    """Erase what is known of a tenant's people; `counted` is told table and rows of each batch.

    Each batch is a transaction of its own, together with its count: a crash costs nothing.
    """
    for model, path in DELETED:
        while _delete_some(model, path, tenant, counted):
            pass
    for label, blank in BLANKED.items():
        with transaction.atomic():
            counted(label, blank(tenant))


@transaction.atomic
def _delete_some(
    model: type[Model], path: str, tenant: Tenant, counted: Callable[[str, int], None]
) -> int:
    rows: QuerySet[Any] = model._default_manager.filter(**{path: tenant})
    some = list(rows.order_by("pk").values_list("pk", flat=True)[:_BATCH])
    model._default_manager.filter(pk__in=some).delete()
    counted(model._meta.label, len(some))
    return len(some)


def left_of(tenant: Tenant) -> dict[str, int]:
    """Rows about people that a tenant still has, by table; all 0 after an erasure."""
    return {
        model._meta.label: model._default_manager.filter(**{path: tenant}).count()
        for model, path in DELETED
    }
