"""Telling people what happened while nobody was looking."""

from typing import Any

from django.urls import reverse

from provisioning.models import Job
from tenants.models import Tenant
from tenants.services import record
from tenants.services.notices import tell as put


def tell(tenant: Tenant, event: str, text: str, **detail: Any) -> None:
    """Tell whoever looks after a tenant; call it inside the transaction of what happened.

    It goes into the audit trail and into the outbox; the tenant's page shows the state itself.
    """
    record(event, by=None, customer=tenant.customer, subject=tenant, text=text, **detail)
    link = reverse("tenant_detail", args=[tenant.slug])
    put(event, customer=tenant.customer, subject=tenant, link=link, text=text, **detail)


def tell_of_job(event: str, job: Job, **facts: Any) -> None:
    """Tell how a job stands; call it inside the transaction in which it came to that."""
    put(
        event,
        customer=job.tenant.customer,
        subject=f"Job {job.pk}",
        link=reverse("job_detail", args=[job.pk]),
        job=job.pk,
        tenant=str(job.tenant),
        **facts,
    )
