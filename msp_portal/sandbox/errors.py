"""Errors as the SCIM side and the control API answer them (RFC 7644, 3.12; fact sheet, 8)."""

from msp_portal.sandbox.http import Json

ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """A SCIM request that is answered with an error; `detail` goes to the caller verbatim."""

    def __init__(self, status: int, detail: str, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type

    def body(self) -> Json:
        """Error document; `status` is a string there."""
        document: Json = {
            "schemas": [ERROR_URN],
            "detail": self.detail,
            "status": str(self.status),
        }
        if self.scim_type:
            document["scimType"] = self.scim_type
        return document


class ControlError(Exception):
    """A request to the control API that cannot be done."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class StartError(Exception):
    """The sandbox cannot start; the message is one line for the person who started it."""


def bad_value(detail: str) -> ScimError:
    """400 invalidValue."""
    return ScimError(400, detail, "invalidValue")


def bad_path(detail: str) -> ScimError:
    """400 invalidPath."""
    return ScimError(400, detail, "invalidPath")


def bad_filter(detail: str) -> ScimError:
    """400 invalidFilter."""
    return ScimError(400, detail, "invalidFilter")


def bad_syntax(detail: str) -> ScimError:
    """400 invalidSyntax."""
    return ScimError(400, detail, "invalidSyntax")


def read_only(name: str) -> ScimError:
    """400 mutability: the attribute belongs to the service."""
    return ScimError(400, f"Attribute '{name}' is read-only.", "mutability")


def not_found(resource_id: str) -> ScimError:
    """404 in the words of the directory; membership errors use the same sentence."""
    return ScimError(404, missing_detail(resource_id))


def missing_detail(resource_id: str) -> str:
    """The directory's sentence for an object, or an object it refers to, that is not there."""
    return (
        f"Resource '{resource_id}' does not exist or one of its queried reference-property "
        "objects are not present."
    )
