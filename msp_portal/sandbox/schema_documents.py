"""Discovery documents: service provider config, resource types, schemas (RFC 7643, 5 to 7)."""

from msp_portal.sandbox import schemas
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.schemas import Attribute, Schema

_CORE = "urn:ietf:params:scim:schemas:core:2.0:"


def service_provider_config() -> Json:
    """What the service can do (fact sheet, 4)."""
    unsupported = {"supported": False}
    return {
        "schemas": [f"{_CORE}ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 200},
        "changePassword": unsupported,
        "sort": unsupported,
        "etag": unsupported,
        "pagination": {
            "cursor": True,
            "index": False,
            "defaultPaginationMethod": "cursor",
            "defaultPageSize": 100,
            "maxPageSize": 1000,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "Application-only token of the tenant",
            }
        ],
        "meta": {"resourceType": "serviceProviderConfig", "location": "/serviceproviderconfig"},
    }


def resource_types() -> list[Json]:
    """User and Group."""
    user_extensions = [
        {"schema": schemas.ENTERPRISE, "required": False},
        {"schema": schemas.ENTRA_USER, "required": False},
    ]
    return [
        _resource_type("User", "/Users", "User Account", schemas.USER, user_extensions),
        _resource_type(
            "Group",
            "/Groups",
            "Group",
            schemas.GROUP,
            [{"schema": schemas.ENTRA_GROUP, "required": True}],
        ),
    ]


def _resource_type(
    name: str, endpoint: str, description: str, urn: str, extensions: list[Json]
) -> Json:
    return {
        "schemas": [f"{_CORE}ResourceType"],
        "id": name,
        "name": name,
        "endpoint": endpoint,
        "description": description,
        "schema": urn,
        "schemaExtensions": extensions,
        "meta": {"resourceType": "resourceType", "location": f"/resourcetypes/{name.lower()}"},
    }


def schema_documents() -> list[Json]:
    """Every schema as a document."""
    return [_schema(each) for each in schemas.ALL_SCHEMAS]


def _schema(schema: Schema) -> Json:
    return {
        "schemas": [f"{_CORE}Schema"],
        "id": schema.urn,
        "name": schema.name,
        "description": schema.description,
        "attributes": [_attribute(each) for each in schema.attributes],
        "meta": {"resourceType": "schema", "location": f"/schemas/{schema.urn}"},
    }


def _attribute(attribute: Attribute) -> Json:
    document: Json = {
        "name": attribute.name,
        "type": attribute.type,
        "multiValued": attribute.multi,
        "description": attribute.name,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": attribute.mutability,
        "returned": attribute.returned,
        "uniqueness": attribute.uniqueness,
    }
    if attribute.values:
        document["canonicalValues"] = list(attribute.values)
    if attribute.sub:
        document["subAttributes"] = [_attribute(each) for each in attribute.sub]
    return document
