"""People of ours, customers, their tenants and credentials, and what was done."""

from tenants.models.api_tokens import ApiToken
from tenants.models.audit import AuditAnchor, AuditCheck, AuditEvent, AuditHead, AuditPayload
from tenants.models.credentials import Credential
from tenants.models.customers import Customer, Tenant
from tenants.models.keys import VaultKey
from tenants.models.offboarding import Offboarding
from tenants.models.onboarding import Contact, Readiness
from tenants.models.outbox import Destination, Message
from tenants.models.people import AccessGrant, PortalUserManager, User
from tenants.models.sign_in import FirstRun, Invitation

__all__ = [
    "AccessGrant",
    "ApiToken",
    "AuditAnchor",
    "AuditCheck",
    "AuditEvent",
    "AuditHead",
    "AuditPayload",
    "Contact",
    "Credential",
    "Customer",
    "Destination",
    "FirstRun",
    "Invitation",
    "Message",
    "Offboarding",
    "PortalUserManager",
    "Readiness",
    "Tenant",
    "User",
    "VaultKey",
]
