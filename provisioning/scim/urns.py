"""Names of the schemas and messages (RFC 7643, 8.7; RFC 7644, 8.2; Microsoft's SCIM reference)."""

from provisioning.domain.attributes import CUSTOM, ENTERPRISE, ENTRA

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_USER = ENTERPRISE
ENTRA_USER = ENTRA
ENTRA_GROUP = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:Group"
CUSTOM_SECURITY = CUSTOM
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
