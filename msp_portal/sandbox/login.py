"""The login side: token endpoint, OpenID configuration, instance discovery (fact sheet, 1)."""

import base64
import binascii
import hashlib
import hmac
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote

from msp_portal.sandbox import assertions
from msp_portal.sandbox.errors import ScimError
from msp_portal.sandbox.http import Json, Request, Response, json_response
from msp_portal.sandbox.store import Store
from msp_portal.sandbox.tenants import Application, Tenant
from msp_portal.sandbox.tokens import Tokens

_RESOURCES = (
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
)
# code -> HTTP status, OAuth error (RFC 6749, 5.2), sentence
_ERRORS: dict[int, tuple[int, str, str]] = {
    50011: (400, "invalid_request", "The request is not supported by this endpoint."),
    53003: (
        400,
        "invalid_grant",
        "Access has been blocked by Conditional Access policies. The access policy does not allow "
        "token issuance.",
    ),
    70003: (400, "unsupported_grant_type", "The app requested an unsupported grant type '{}'."),
    70011: (400, "invalid_scope", "The provided value for the input parameter 'scope' is not valid."
            " The scope '{}' is not valid."),
    90002: (400, "invalid_request", "Tenant '{}' not found. Check to make sure you have the correct"
            " tenant ID and are signing into the correct cloud."),
    500011: (400, "invalid_resource", "The resource principal named {} was not found in the "
             "tenant."),
    700016: (400, "unauthorized_client", "Application with identifier '{}' was not found in the "
             "directory. This can happen if the application has not been installed by the "
             "administrator of the tenant."),
    50027: (401, "invalid_client", "The JWT token is invalid or malformed."),
    700021: (401, "invalid_client", "Client assertion application identifier doesn't match "
             "'client_id' parameter."),
    700023: (401, "invalid_client", "Client assertion audience claim does not match the realm "
             "issuer."),
    700024: (401, "invalid_client", "Client assertion is not within its valid time range."),
    700027: (401, "invalid_client", "The certificate with the identifier used to sign the client "
             "assertion {}."),
    700211: (401, "invalid_client", "No matching federated identity record found for presented "
             "assertion issuer '{}'."),
    700212: (401, "invalid_client", "No matching federated identity record found for presented "
             "assertion audience '{}'."),
    700213: (401, "invalid_client", "No matching federated identity record found for presented "
             "assertion subject '{}'."),
    7000112: (400, "unauthorized_client", "Application '{}' is disabled."),
    900144: (400, "invalid_request", "The request body must contain the following parameter: "
             "'{}'."),
    7000215: (401, "invalid_client", "Invalid client secret provided. Ensure the secret being sent "
              "in the request is the client secret value, not the client secret ID, for a secret "
              "added to app '{}'."),
    7000218: (401, "invalid_client", "The request body must contain the following parameter: "
              "'client_assertion' or 'client_secret'."),
    7000222: (401, "invalid_client", "The provided client secret keys for app '{}' are expired."),
}  # fmt: skip


class _LoginError(Exception):
    def __init__(self, code: int, subject: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.subject = subject


class Login:
    """Answers under `/{tenant}/...` and `/common/...`."""

    def __init__(self, store: Store, tokens: Tokens) -> None:
        self._store = store
        self._tokens = tokens

    def answer(self, request: Request) -> Response:
        """Dispatch; ScimError 404 for a path that is not one of ours."""
        match request.path.strip("/").split("/"):
            case ["common", "discovery", "instance"]:
                return json_response(200, self._instances(request))
            case [name, "oauth2", "v2.0", "token"] if request.method == "POST":
                return self._guarded(self._token, name, request)
            case [name, "v2.0", ".well-known", "openid-configuration"]:
                return self._guarded(self._openid, name, request)
        raise ScimError(404, "Not found.")

    def _guarded(
        self, handler: Callable[[Tenant, Request], Json], name: str, request: Request
    ) -> Response:
        try:
            tenant = self._store.find(name)
            if tenant is None:
                raise _LoginError(90002, name)
            document = handler(tenant, request)
        except _LoginError as error:
            return self._refusal(error, request)
        response = json_response(200, document)
        response.headers.append((b"cache-control", b"no-store"))
        return response

    def _token(self, tenant: Tenant, request: Request) -> Json:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        client_id, secret = _credentials(form, request)
        for needed, value in (
            ("grant_type", form.get("grant_type")),
            ("client_id", client_id),
            ("scope", form.get("scope")),
        ):
            if not value:
                raise _LoginError(900144, needed)
        if form["grant_type"] != "client_credentials":
            raise _LoginError(70003, form["grant_type"])
        app = tenant.config.applications.get(client_id.lower())
        if app is None:
            raise _LoginError(700016, client_id)
        proof = self._check_proof(tenant, app, secret, form, request)
        return self._tokens.issue(tenant, app, _resource_of(form["scope"]), proof)

    def _check_proof(
        self,
        tenant: Tenant,
        app: Application,
        secret: str | None,
        form: dict[str, str],
        request: Request,
    ) -> str:
        """How the application has proved itself, as `appidacr` says it; _LoginError."""
        if app.disabled:
            raise _LoginError(7000112, app.client_id)
        if "client_assertion" in form:
            self._check_assertion(tenant, app, form, request)
        else:
            _check_secret(app, secret, self._store.now())
        if app.blocked:
            raise _LoginError(53003)
        return "2" if "client_assertion" in form else "1"

    def _check_assertion(
        self, tenant: Tenant, app: Application, form: dict[str, str], request: Request
    ) -> None:
        if form.get("client_assertion_type") != assertions.TYPE:
            raise _LoginError(900144, "client_assertion_type")
        names = {tenant.id, *tenant.config.domains, *tenant.config.federated_domains}
        # A client that believes to talk to a production authority says so in its assertion.
        endpoints = {
            f"{origin}/{name}/oauth2/v2.0/token"
            for origin in (_origin(request), *assertions.AUTHORITIES)
            for name in names
        }
        expected = assertions.Expected(app.client_id, frozenset(endpoints), self._store.now())
        try:
            assertions.check_assertion(
                form["client_assertion"], app.certificates, app.federated, expected
            )
        except assertions.BadAssertionError as error:
            raise _LoginError(error.code, error.subject) from None

    def _openid(self, tenant: Tenant, request: Request) -> Json:
        base = f"{_origin(request)}/{tenant.id}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "issuer": f"{base}/v2.0",
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _instances(self, request: Request) -> Json:
        query = dict(parse_qsl(request.query))
        path = query.get("authorization_endpoint", "").partition("://")[2]
        name = path.partition("/")[2].partition("/")[0] or "common"
        host = _origin(request).partition("://")[2]
        aliases = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        return {
            "tenant_discovery_endpoint": (
                f"{_origin(request)}/{name}/v2.0/.well-known/openid-configuration"
            ),
            "api-version": "1.1",
            "metadata": [aliases],
        }

    def _refusal(self, error: _LoginError, request: Request) -> Response:
        status, name, sentence = _ERRORS[error.code]
        trace = str(uuid.uuid4())
        correlation = request.headers.get("client-request-id", str(uuid.uuid4()))
        stamp = datetime.fromtimestamp(int(self._store.now()), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return json_response(
            status,
            {
                "error": name,
                "error_description": (
                    f"AADSTS{error.code}: {sentence.format(error.subject)} Trace ID: {trace} "
                    f"Correlation ID: {correlation} Timestamp: {stamp}"
                ),
                "error_codes": [error.code],
                "timestamp": stamp,
                "trace_id": trace,
                "correlation_id": correlation,
            },
        )


def _origin(request: Request) -> str:
    """Where the caller reached us; behind a rewriting client, where it believes to be."""
    scheme = request.headers.get("x-forwarded-proto", "http")
    host = request.headers.get("x-forwarded-host") or request.headers.get("host", "127.0.0.1")
    return f"{scheme}://{host}"


def _credentials(form: dict[str, str], request: Request) -> tuple[str, str | None]:
    """Client id and secret, from the body or from HTTP Basic (RFC 6749, 2.3.1)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        client_id, _, secret = text.partition(":")
        return unquote(client_id), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret")


def _check_secret(app: Application, secret: str | None, now: float) -> None:
    if not secret:
        raise _LoginError(7000218)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    known = next((each for each in app.secrets if hmac.compare_digest(digest, each.sha256)), None)
    if known is None:
        raise _LoginError(7000215, app.client_id)
    if app.secret_expired or (known.expires is not None and known.expires <= now):
        raise _LoginError(7000222, app.client_id)


def _resource_of(scope: str) -> str:
    # msal appends nothing to an app-only scope, but other clients add openid and the like.
    resource, slash, name = scope.strip().rpartition("/")
    if not slash or name != ".default" or " " in resource:
        raise _LoginError(70011, scope)
    if resource.rstrip("/") not in _RESOURCES:
        raise _LoginError(500011, resource)
    return resource
