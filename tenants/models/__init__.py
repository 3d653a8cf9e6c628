"""People of ours, customers, their tenants and credentials, and what was done."""

from tenants.models.audit import AuditEvent
from tenants.models.credentials import Credential
from tenants.models.customers import Customer, Tenant
from tenants.models.offboarding import Offboarding
from tenants.models.onboarding import Contact, Readiness
from tenants.models.people import AccessGrant, PortalUserManager, User
from tenants.models.sign_in import FirstRun, Invitation

__all__ = [
    "AccessGrant",
    "AuditEvent",
    "Contact",
    "Credential",
    "Customer",
    "FirstRun",
    "Invitation",
    "Offboarding",
    "PortalUserManager",
    "Readiness",
    "Tenant",
    "User",
]
