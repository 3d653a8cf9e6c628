"""Opens the SCIM client of a tenant: address, credential, meter."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings

from provisioning.adapters.journal import Journal
from provisioning.scim.bearer import Bearer
from provisioning.scim.client import ScimClient
from provisioning.scim.transport import HttpTransport
from tenants.domain.clouds import CLOUDS
from tenants.models import Tenant
from tenants.selectors import active_credential
from tenants.tokens import NoToken, app_token


class NoCredential(NoToken):
    """No credential is stored for the tenant."""


def scim_base(tenant: Tenant) -> str:
    """Address of the tenant's SCIM API, by its cloud; a sandbox by its own address."""
    if tenant.cloud == "sandbox":
        return f"{tenant.sandbox_url.rstrip('/')}/rp/scim"
    return CLOUDS[tenant.cloud].scim_base


@contextmanager
def open_client(tenant: Tenant, label: str, lease: Callable[[], float]) -> Iterator[ScimClient]:
    """The tenant's client for one slice, metered under a job's label; raises NoToken."""
    bearer = Bearer(lambda fresh: _token(tenant, fresh=fresh))
    bearer.ensure()
    transport = HttpTransport(
        scim_base(tenant),
        bearer,
        timeout=settings.SCIM_REQUEST_SECONDS,
        threads=settings.SCIM_THREADS,
    )
    client = ScimClient(
        transport,
        Journal(tenant, label),
        bearer,
        threads=settings.SCIM_THREADS,
        lease=lease,
    )
    try:
        yield client
    finally:
        client.close()


def _token(tenant: Tenant, *, fresh: bool) -> str:
    credential = active_credential(tenant)
    if credential is None:
        raise NoCredential("No credential is stored for this tenant. Add one on its settings page.")
    return app_token(tenant, credential, fresh=fresh)
