"""Bearer tokens: signed application-only JWTs, and the static token (fact sheet, 1)."""

import hmac
import secrets
import uuid
from typing import Any

import jwt

from msp_portal.sandbox.calls import Caller
from msp_portal.sandbox.errors import ScimError
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.store import Store
from msp_portal.sandbox.tenants import FULL_PERMISSIONS, Application, Tenant

DEFAULT_TENANT = "00000000-0000-0000-0000-000000000000"
_KNOWN_TOKENS = 1000


class TokenError(ScimError):
    """401. `tenant` is the directory of a token that was once valid, for the count."""

    def __init__(self, detail: str, tenant: Tenant | None = None) -> None:
        super().__init__(401, detail)
        self.tenant = tenant


class Tokens:
    """Issues and checks tokens with the key of the store."""

    def __init__(self, store: Store, static_token: str | None) -> None:
        self._store = store
        self._static = static_token
        self._known: dict[str, Json] = {}

    def issue(self, tenant: Tenant, app: Application, resource: str, proof: str) -> Json:
        """Answer of the token endpoint, with the permissions granted at this moment.

        `proof` is "1" for a secret, "2" for a certificate or another assertion.
        """
        now = int(self._store.now())
        lifetime = tenant.switches.token_lifetime_seconds
        principal = str(uuid.uuid5(uuid.UUID(tenant.id), app.client_id))
        claims = {
            "aud": resource,
            "iss": f"https://sts.windows.net/{tenant.id}/",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "appid": app.client_id,
            "appidacr": proof,
            "idtyp": "app",
            "oid": principal,
            "sub": principal,
            "tid": tenant.id,
            "roles": list(app.permissions),
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
        }
        if not app.consented or not app.permissions:
            del claims["roles"]
        token = jwt.encode(claims, self._store.key, algorithm="HS256")
        return {"token_type": "Bearer", "expires_in": lifetime, "access_token": token}

    def caller(self, authorization: str, now: float) -> Caller:
        """Who sends this Authorization header; TokenError otherwise."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise TokenError("Access token is empty.")
        if self._static and hmac.compare_digest(token.encode(), self._static.encode()):
            tenant = self._store.tenants[DEFAULT_TENANT]
            return Caller(tenant, "static", frozenset(FULL_PERMISSIONS))
        claims = self._claims(token)
        tenant_of = self._store.tenants.get(claims["tid"])
        if tenant_of is None:
            raise TokenError("Access token validation failure. Unknown tenant.")
        if now >= claims["exp"]:
            raise TokenError("Access token has expired or is not yet valid.", tenant_of)
        return Caller(tenant_of, claims["appid"], frozenset(claims.get("roles", ())))

    def _claims(self, token: str) -> Json:
        known = self._known.get(token)
        if known is not None:
            return known
        # Times are checked by the caller, against the sandbox's own clock.
        options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        options["verify_aud"] = False  # only this process has the key
        try:
            claims: Json = jwt.decode(token, self._store.key, algorithms=["HS256"], options=options)
        except jwt.InvalidTokenError as error:
            raise TokenError("Access token validation failure. Invalid token.") from error
        if len(self._known) >= _KNOWN_TOKENS:
            self._known.clear()
        self._known[token] = claims
        return claims
