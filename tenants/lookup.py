"""The id of a directory by one of its domains, from its OpenID configuration: free, no sign-in."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from tenants.domain.clouds import CLOUDS
from tenants.domain.guid import is_guid
from tenants.tokens import LoginClient, LoginUnreachable

_UNKNOWN = 90002


class LookupFailed(Exception):
    """The directory's id was not found; str() is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class FoundDirectory:
    """A directory's id (a GUID), and the region its configuration names, if it does."""

    entra_id: str
    region: str = ""


def look_up(*, cloud: str, name: str, sandbox_url: str = "") -> FoundDirectory:
    """The directory with this domain or id in this cloud; raises LookupFailed."""
    authority = CLOUDS[cloud].authority
    client = LoginClient(authority, sandbox_url)
    try:
        answer = client.get(
            f"{authority}/{quote(name, safe='')}/v2.0/.well-known/openid-configuration"
        )
    except LoginUnreachable as error:
        raise LookupFailed(str(error)) from error
    finally:
        client.close()
    found: dict[str, Any] = json.loads(answer.text)
    if answer.status_code != 200:
        raise LookupFailed(_reason(found, CLOUDS[cloud].label, name))
    entra_id = urlsplit(str(found.get("token_endpoint", ""))).path.strip("/").split("/")[0]
    if not is_guid(entra_id):
        raise LookupFailed("The login service named no directory id; enter the id (a GUID) itself.")
    return FoundDirectory(entra_id.lower(), str(found.get("tenant_region_scope") or ""))


def _reason(found: dict[str, Any], cloud: str, name: str) -> str:
    codes = found.get("error_codes")
    if found.get("error") == "invalid_tenant" or (isinstance(codes, list) and _UNKNOWN in codes):
        return (
            f"No directory in the cloud {cloud} has the domain {name}. Check the spelling, and"
            " whether the customer is in another cloud."
        )
    return f"The login service refused to look {name} up ({found.get('error', 'no reason given')})."
