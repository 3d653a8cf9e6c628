"""Writes about customers and tenants; each is one verb with its actor and its audit row."""

from tenants.services.audit import record
from tenants.services.credentials import (
    CredentialBusy,
    generate_certificate,
    remove_credential,
    revoke_credentials,
    store_certificate,
    store_federated,
    store_managed_identity,
    store_secret,
    switch_credential,
    try_credential,
)
from tenants.services.customers import (
    DirectoryKnown,
    TenantFacts,
    add_customer,
    add_tenant,
    change_tenant,
    settle_directory,
)
from tenants.services.people import (
    AccessRefused,
    add_person,
    deactivate,
    give_role,
    reactivate,
    take_role,
)

__all__ = [
    "AccessRefused",
    "CredentialBusy",
    "DirectoryKnown",
    "TenantFacts",
    "add_customer",
    "add_person",
    "add_tenant",
    "change_tenant",
    "deactivate",
    "generate_certificate",
    "give_role",
    "reactivate",
    "record",
    "remove_credential",
    "revoke_credentials",
    "settle_directory",
    "store_certificate",
    "store_federated",
    "store_managed_identity",
    "store_secret",
    "switch_credential",
    "take_role",
    "try_credential",
]
