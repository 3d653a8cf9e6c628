"""App registrations as the control API takes them.

{"client_id": "...", "client_secret": "...",
 "secrets": [{"value": "...", "expires": 1893456000}],
 "certificates": ["-----BEGIN CERTIFICATE-----..."],
 "federated": [{"issuer": "...", "subject": "...", "public_key": "-----BEGIN PUBLIC KEY-----"}],
 "permissions": ["User.Read.All"], "consented": true, "blocked": false, "disabled": false}
"""

import hashlib
from dataclasses import asdict
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from msp_portal.sandbox.assertions import EXCHANGE, Certificate
from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.tenants import FULL_PERMISSIONS

_FLAGS = {"secret_expired": False, "blocked": False, "disabled": False, "consented": True}
_FIELDS = {
    "client_id", "name", "client_secret", "secrets", "certificates", "federated", "permissions",
    *_FLAGS,
}  # fmt: skip


def parse_application(given: Any) -> Json:
    """An app registration in the form that is stored; ControlError 400 says what is wrong."""
    if not isinstance(given, dict) or not isinstance(given.get("client_id"), str):
        raise ControlError(400, "An application needs a client_id.")
    if unknown := set(given) - _FIELDS:
        raise ControlError(400, f"Unknown field of an application: {', '.join(sorted(unknown))}.")
    permissions = given.get("permissions")
    secrets = [*_list(given, "secrets")]
    if given.get("client_secret"):
        secrets.append({"value": given["client_secret"]})
    return {
        "client_id": given["client_id"],
        "name": str(given.get("name", "")),
        "secrets": [_secret(each) for each in secrets],
        "certificates": [_certificate(each) for each in _list(given, "certificates")],
        "federated": [_federated(each) for each in _list(given, "federated")],
        "permissions": list(FULL_PERMISSIONS if permissions is None else permissions),
        **{name: bool(given.get(name, usual)) for name, usual in _FLAGS.items()},
    }


def _list(given: Json, name: str) -> list[Any]:
    found = given.get(name) or []
    if not isinstance(found, list):
        raise ControlError(400, f"'{name}' of an application must be a list.")
    return found


def _secret(given: Any) -> Json:
    value = given.get("value") if isinstance(given, dict) else None
    expires = given.get("expires") if isinstance(given, dict) else None
    if not isinstance(value, str) or not isinstance(expires, int | float | None):
        raise ControlError(400, "A secret is {'value': text, 'expires': seconds since 1970}.")
    return {"sha256": hashlib.sha256(value.encode()).hexdigest(), "expires": expires}


def _certificate(given: Any) -> Json:
    try:
        return asdict(Certificate.read(str(given)))
    except ValueError as error:
        raise ControlError(400, f"Not an X.509 certificate in PEM: {error}") from None


def _federated(given: Any) -> Json:
    if not isinstance(given, dict):
        raise ControlError(400, "A federated credential is an object.")
    found = {name: given.get(name) for name in ("issuer", "subject", "public_key")}
    if not all(isinstance(value, str) and value for value in found.values()):
        raise ControlError(400, "A federated credential needs issuer, subject and public_key.")
    try:
        load_pem_public_key(str(found["public_key"]).encode())
    except ValueError as error:
        raise ControlError(400, f"Not a public key in PEM: {error}") from None
    return {**found, "audience": str(given.get("audience") or EXCHANGE)}
