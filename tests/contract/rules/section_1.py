"""Rows of section 1: clouds, addresses, tokens."""

import uuid
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes

from tests.contract.rules.checks import ABSENT, Exactly, Like, Token
from tests.contract.rules.rows import Ask, Change, Later, Row, get, row
from tests.support.certificates import KeyPair, make_pair

GRAPH = (
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
)
_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ENDPOINT = "login:/{tenant}/oauth2/v2.0/token"
_ISSUER, _SUBJECT = "https://issuer.example", "system:serviceaccount:portal:portal"
_GUID = "[0-9a-f-]{36}"
_CHECKED = {"token_type": "Bearer", "access_token": Like(r"[\w-]+\.[\w-]+\.[\w-]+")}


@cache
def _pair(kind: str) -> KeyPair:
    return make_pair(kind, days=(-3, -1) if kind == "expired" else (-1, 36500))


def _token(status: int = 200, shows: Any = _CHECKED, path: str = _ENDPOINT, **form: Any) -> Ask:
    usual = {
        "grant_type": "client_credentials",
        "client_id": "{app}",
        "client_secret": "secret of the application",
        "scope": "https://graph.microsoft.com/.default",
    }
    return Ask(method="POST", path=path, status=status, shows=shows, form={**usual, **form})


def _refused(code: int, status: int, error: str, **form: Any) -> Ask:
    shows = {
        "error": error,
        "error_codes": [code],
        "error_description": Like(f"AADSTS{code}: .+"),
        "access_token": ABSENT,
    }
    return _token(status, shows, **form)


def _by_certificate(kind: str = "known", **claims: Any) -> dict[str, Any]:
    def sign(names: Mapping[str, str], now: float) -> str:
        body = {
            "iss": names["app"],
            "sub": names["app"],
            "aud": f"https://login.microsoftonline.com/{names['tenant']}/oauth2/v2.0/token",
            **_times(now),
            **claims,
        }
        thumbprint = jwt.utils.base64url_encode(
            _pair(kind).certificate.fingerprint(hashes.SHA256())
        )
        headers = {"x5t#S256": thumbprint.decode()}
        return jwt.encode(body, _pair(kind).key, algorithm="PS256", headers=headers)

    return _assertion(sign)


def _by_issuer(kind: str = "issuer", **claims: Any) -> dict[str, Any]:
    def sign(_: Mapping[str, str], now: float) -> str:
        body = {"iss": _ISSUER, "sub": _SUBJECT, "aud": "api://AzureADTokenExchange"}
        return jwt.encode({**body, **_times(now), **claims}, _pair(kind).key, algorithm="RS256")

    return _assertion(sign)


def _times(now: float) -> dict[str, Any]:
    return {"nbf": int(now), "iat": int(now), "exp": int(now) + 600, "jti": str(uuid.uuid4())}


def _assertion(sign: Callable[[Mapping[str, str], float], str]) -> dict[str, Any]:
    form = {"client_assertion": sign, "client_assertion_type": _TYPE}
    return {"client_secret": None, **form}


def _keys() -> dict[str, Any]:
    federated = {"issuer": _ISSUER, "subject": _SUBJECT, "public_key": _pair("issuer").public_pem}
    certificates = [_pair(kind).certificate_pem for kind in ("known", "expired")]
    return {"certificates": certificates, "federated": [federated]}


def _claims(**claims: Any) -> dict[str, Any]:
    return {"access_token": Token(claims)}


ROWS: list[Row] = [
    *(
        row("1.1", host, get("/users", headers={"host": host}), get("login:/scim/users", 404))
        for host in GRAPH
    ),
    *(
        row(
            "1.2",
            host,
            _token(scope=f"https://{host}/.default", shows=_claims(aud=f"https://{host}")),
        )
        for host in GRAPH
    ),
    row(
        "1.2",
        "other resource",
        _refused(500011, 400, "invalid_resource", scope="https://vault.example/.default"),
    ),
    row(
        "1.2",
        "single permission",
        _refused(70011, 400, "invalid_scope", scope="https://graph.microsoft.com/User.Read.All"),
    ),
    row("1.2", "no scope", _refused(900144, 400, "invalid_request", scope=None)),
    *(
        row("1.3", grant, _refused(70003, 400, "unsupported_grant_type", grant_type=grant))
        for grant in ("password", "authorization_code", "refresh_token", "device_code")
    ),
    row("1.4", "in the form", _token()),
    row(
        "1.4",
        "missing",
        _refused(7000218, 401, "invalid_client", client_secret=None),
    ),
    row("1.5", "signed with the key", _token(**_by_certificate()), application=_keys()),
    row(
        "1.5",
        "without the type of assertion",
        _refused(
            900144, 400, "invalid_request", **{**_by_certificate(), "client_assertion_type": None}
        ),
        application=_keys(),
    ),
    row(
        "1.5",
        "for another application",
        _refused(700021, 401, "invalid_client", **_by_certificate(iss="other", sub="other")),
        application=_keys(),
    ),
    row(
        "1.5",
        "for another endpoint",
        _refused(700023, 401, "invalid_client", **_by_certificate(aud="https://x.example")),
        application=_keys(),
    ),
    row(
        "1.5",
        "too late",
        _refused(700024, 401, "invalid_client", **_by_certificate(nbf=1, iat=1, exp=601)),
        application=_keys(),
    ),
    row("1.6", "another issuer's JWT", _token(**_by_issuer()), application=_keys()),
    *(
        row(
            "1.6",
            f"unknown {claim}",
            _refused(code, 401, "invalid_client", **_by_issuer(**{claim: "else"})),
            application=_keys(),
        )
        for claim, code in (("iss", 700211), ("aud", 700212), ("sub", 700213))
    ),
    row(
        "1.6",
        "another key",
        _refused(700027, 401, "invalid_client", **_by_issuer("stranger")),
        application=_keys(),
    ),
    row(
        "1.7",
        "shape of the answer",
        _token(shows=Exactly({"expires_in": 3599, **_CHECKED})),
    ),
    row("1.7", "by a verified domain", _token(path="login:/{tenant}.example/oauth2/v2.0/token")),
    row("1.7", "no grant type", _refused(900144, 400, "invalid_request", grant_type=None)),
    row("1.7", "no client id", _refused(900144, 400, "invalid_request", client_id=None)),
    row("1.7", "GET", get("login:/{tenant}/oauth2/v2.0/token", 404)),
    row(
        "1.8",
        "two permissions",
        _token(shows=_claims(roles=["User.Read.All", "Group.Create"])),
        permissions=("User.Read.All", "Group.Create"),
    ),
    row(
        "1.8",
        "a later consent needs a new token",
        get("/users", 403),
        Change(application={"permissions": ["User.Read.All"]}),
        get("/users", 403),
        Later(0),
        get("/users"),
        permissions=("Group.Read.All",),
    ),
    row(
        "1.9",
        "claims",
        _token(
            shows=_claims(
                aud="https://graph.microsoft.com",
                iss="https://sts.windows.net/{tenant}/",
                ver="1.0",
                appid="{app}",
                idtyp="app",
                tid="{tenant}",
                oid=Like(_GUID),
                subject_is_oid=True,
                lifetime=3599,
                starts_at_once=True,
                uti=Like(r"[\w-]+"),
                scp=ABSENT,
            )
        ),
    ),
    row("1.10", "a secret", _token(shows=_claims(appidacr="1"))),
    row(
        "1.10",
        "a certificate",
        _token(shows=_claims(appidacr="2"), **_by_certificate()),
        application=_keys(),
    ),
    row(
        "1.11",
        "every field",
        Ask(
            method="POST",
            path=_ENDPOINT,
            form={"grant_type": "client_credentials", "client_id": "{app}"},
            headers={"client-request-id": "0f0f0f0f-1111-4222-8333-444444444444"},
            status=400,
            answers={"content-type": Like("application/json.*")},
            shows={
                "error": "invalid_request",
                "error_codes": [900144],
                "timestamp": Like(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"),
                "trace_id": Like(_GUID),
                "correlation_id": "0f0f0f0f-1111-4222-8333-444444444444",
                "error_description": Like(
                    r"AADSTS900144: .+ Trace ID: [0-9a-f-]{36} Correlation ID: "
                    r"0f0f0f0f-1111-4222-8333-444444444444 Timestamp: \d{4}-\d\d-\d\d .+Z"
                ),
            },
        ),
    ),
    row("1.12", "wrong", _refused(7000215, 401, "invalid_client", client_secret="guess")),
    row(
        "1.13",
        "all secrets expired",
        _refused(7000222, 401, "invalid_client"),
        application={"secret_expired": True},
    ),
    row(
        "1.13",
        "one expires, one does not",
        _token(client_secret="old"),
        Later(1000),
        _refused(7000222, 401, "invalid_client", client_secret="old"),
        _token(),
        application={"secrets": lambda now: [{"value": "old", "expires": now + 900}]},
    ),
    row("1.14", "unknown", _refused(700016, 400, "unauthorized_client", client_id="nobody")),
    row(
        "1.15",
        "unregistered certificate",
        _refused(700027, 401, "invalid_client", **_by_certificate("stranger")),
        application=_keys(),
    ),
    row(
        "1.15",
        "expired certificate",
        _refused(700027, 401, "invalid_client", **_by_certificate("expired")),
        application=_keys(),
    ),
    row(
        "1.16",
        "unknown",
        _refused(90002, 400, "invalid_request", path="login:/nowhere.example/oauth2/v2.0/token"),
    ),
    row(
        "1.16",
        "in the configuration",
        get(
            "login:/nowhere.example/v2.0/.well-known/openid-configuration",
            400,
            shows={"error_codes": [90002]},
        ),
    ),
    row(
        "1.17",
        "blocked",
        _refused(53003, 400, "invalid_grant"),
        application={"blocked": True},
    ),
    row(
        "1.18",
        "of a tenant",
        get(
            "login:/{tenant}.example/v2.0/.well-known/openid-configuration",
            headers={"host": "login.example"},
            shows={
                "token_endpoint": "http://login.example/{tenant}/oauth2/v2.0/token",
                "issuer": "http://login.example/{tenant}/v2.0",
            },
        ),
    ),
    row(
        "1.19",
        "of a tenant",
        get(
            "login:/common/discovery/instance",
            headers={"host": "login.example"},
            query={
                "api-version": "1.1",
                "authorization_endpoint": "https://login.example/{tenant}/oauth2/v2.0/authorize",
            },
            shows={
                "tenant_discovery_endpoint": (
                    "http://login.example/{tenant}/v2.0/.well-known/openid-configuration"
                ),
                "metadata": [{"aliases": ["login.example"]}],
            },
        ),
    ),
]
