"""Opens the SCIM client of a tenant: address, credential, meter."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings

from provisioning.adapters.journal import Journal
from provisioning.adapters.pacing import pacer_of, shared_bucket_of
from provisioning.scim.bearer import Bearer
from provisioning.scim.client import ScimClient
from provisioning.scim.transport import HttpTransport
from tenants.domain.clouds import CLOUDS, may_be_sandbox
from tenants.models import Credential, Tenant
from tenants.selectors import active_credential
from tenants.tokens import NoToken, app_token


class NoCredential(NoToken):
    """No credential is stored for the tenant."""


def scim_base(tenant: Tenant) -> str:
    """Address of the tenant's SCIM API, by its cloud; a sandbox by its own address."""
    if tenant.cloud == "sandbox":
        return f"{tenant.sandbox_url.rstrip('/')}/rp/scim"
    return CLOUDS[tenant.cloud].scim_base


def origins(tenant: Tenant) -> frozenset[str]:
    """Where the tenant's calls may go: its cloud's host; a sandbox's is listed and not Entra's."""
    if tenant.cloud != "sandbox":
        return frozenset({_origin(CLOUDS[tenant.cloud].scim_base)})
    if not may_be_sandbox(tenant.sandbox_url, settings.SANDBOX_HOSTS):
        return frozenset()
    return frozenset({_origin(tenant.sandbox_url)}) - {
        _origin(c.scim_base) for c in CLOUDS.values()
    }


@contextmanager
def open_client(
    tenant: Tenant,
    label: str,
    lease: Callable[[], float],
    hushed: float = 0.0,
    *,
    used: int | None = None,
    quiet: bool = False,
) -> Iterator[ScimClient]:
    """The tenant's client for one slice, metered under a job's label; NoToken, WrongHost.

    For `hushed` seconds nothing leaves, because Entra said so to an earlier slice; `used` is the
    number of threads that one had come to. While `quiet` not even a token is asked for in advance.
    """
    credential = _credential(tenant)
    bearer = Bearer(
        lambda fresh: app_token(tenant, _credential(tenant), fresh=fresh, purpose=label)
    )
    if not quiet:
        bearer.ensure()
    transport = HttpTransport(
        scim_base(tenant),
        bearer,
        origins=origins(tenant),
        timeout=settings.SCIM_REQUEST_SECONDS,
        threads=settings.SCIM_THREADS,
    )
    client = ScimClient(
        transport,
        Journal(tenant, label),
        bearer,
        threads=settings.SCIM_THREADS,
        used=used,
        lease=lease,
        pacer=pacer_of(tenant, hushed),
        shared=shared_bucket_of(tenant, credential),
    )
    try:
        yield client
    finally:
        client.close()


def _credential(tenant: Tenant) -> Credential:
    credential = active_credential(tenant)
    if credential is None:
        raise NoCredential("No credential is stored for this tenant. Add one on its settings page.")
    return credential


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
