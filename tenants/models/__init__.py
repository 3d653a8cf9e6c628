"""People of ours, customers, their tenants and credentials, and what was done."""

from tenants.models.audit import AuditEvent
from tenants.models.credentials import Credential
from tenants.models.customers import Customer, Tenant
from tenants.models.keys import VaultKey
from tenants.models.offboarding import Offboarding
from tenants.models.onboarding import Contact, Readiness
from tenants.models.people import AccessGrant, PortalUserManager, User

__all__ = [
    "AccessGrant",
    "AuditEvent",
    "Contact",
    "Credential",
    "Customer",
    "Offboarding",
    "PortalUserManager",
    "Readiness",
    "Tenant",
    "User",
    "VaultKey",
]
