"""What is known of a tenant on its way: a constant number of queries, and no call."""

from django.utils import timezone

from msp_portal.onboarding.scripts import Request
from msp_portal.onboarding.steps import Facts, Permissions, Pilot, Probe
from provisioning.models import Job
from provisioning.selectors import profile_in, sources_of
from provisioning.services.permitted import advice_for, compared, held_by, is_stale, last_test
from tenants.domain.expiry import remaining, threshold
from tenants.models import Credential, Readiness, Tenant
from tenants.selectors import active_credential


def facts_of(tenant: Tenant) -> Facts:
    """The facts that decide where the tenant's onboarding stands."""
    ready = readiness_of(tenant)
    credential = active_credential(tenant)
    profile = profile_in(tenant)
    version = profile.current if profile else None
    # Also a sample is a read: the profile is written with it, and a pilot is made from it.
    reads = [source.snapshots.order_by("-created_at").first() for source in sources_of(tenant)]
    jobs = tenant.jobs.filter(kind__in=[Job.Kind.SYNC, Job.Kind.PILOT])
    ended = jobs.filter(state=Job.State.FINISHED)
    return Facts(
        customer=tenant.customer.name,
        contacts=tenant.customer.contacts.count(),
        rehearsal=tenant.cloud == "sandbox",
        entra_id=tenant.entra_id,
        cloud=tenant.get_cloud_display(),
        permissions=_permissions(tenant),
        tested=_probe(tenant),
        licence=ready.licence,
        licence_confirmed_by=ready.licence_confirmed_by,
        licence_confirmed_on=ready.licence_confirmed_on,
        subscription_id=ready.subscription_id,
        resource_group=ready.resource_group,
        client_id=credential.client_id if credential else ready.client_id,
        credential=str(credential.get_kind_display()) if credential else "",
        credential_expired=_expired(credential),
        credential_expires=_expires(credential),
        people=sum(read.people for read in reads if read) if any(reads) else None,
        version=version.number if version else None,
        pilot=_pilot(ended.filter(kind=Job.Kind.PILOT).order_by("-ended_at").first()),
        pilot_waits=jobs.filter(kind=Job.Kind.PILOT, state=Job.State.PLANNED).exists(),
        live=ended.filter(kind=Job.Kind.SYNC).exists(),
    )


def readiness_of(tenant: Tenant) -> Readiness:
    """What was noted for the tenant; an unsaved row when nothing was."""
    found = Readiness.objects.filter(tenant=tenant).first()
    return found or Readiness(tenant=tenant, customer_id=tenant.customer_id)


def request_of(tenant: Tenant, facts: Facts) -> Request:
    """What the customer's scripts and the consent link are made for."""
    return Request(
        tenant=tenant.name,
        entra_id=tenant.entra_id,
        cloud=tenant.cloud,
        permissions=facts.permissions.advised,
        client_id=facts.client_id,
        subscription_id=facts.subscription_id,
        resource_group=facts.resource_group,
    )


def _permissions(tenant: Tenant) -> Permissions:
    advice = advice_for(tenant)
    found = compared(tenant, advice)
    if found is None:
        return Permissions(advice.names)
    return Permissions(
        advised=advice.names,
        held=held_by(tenant),
        missing=tuple(each.name for each in found.missing),
        excessive=tuple(each.name for each in found.excessive),
    )


def _probe(tenant: Tenant) -> Probe | None:
    test = last_test(tenant)
    if test is None:
        return None
    read = [step for step in test.steps if step["key"] == "service" and step["state"] == "done"]
    return Probe(
        at=test.at,
        # What is missing of the permissions has a step of its own.
        worked=all(s["state"] != "failed" for s in test.steps if s["key"] != "permissions"),
        problem=test.problem,
        feature_off=test.feature_off,
        schema_read=bool(read),
        stale=is_stale(test),
    )


def _expired(credential: Credential | None) -> bool:
    expires = credential.expires_at if credential else None
    return expires is not None and expires <= timezone.now()


def _expires(credential: Credential | None) -> str:
    expires, now = credential.expires_at if credential else None, timezone.now()
    return remaining(expires, now) if expires and threshold(expires, now) is not None else ""


def _pilot(job: Job | None) -> Pilot | None:
    return None if job is None else Pilot(created=job.created, failed=job.failed)
