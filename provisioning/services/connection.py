"""Testing a tenant's connection: token, permissions, and what the service says of itself.

A test reads, so it needs no lane: nothing a job does can be disturbed by it. Its calls are metered
and paced with everything else, and what was read is kept for all later questions.
"""

import time
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from billing.domain.pricing import Cost, NoPrice
from billing.selectors import quote_for
from provisioning.adapters.directory import open_client, scim_base
from provisioning.adapters.discovery import DiscoveryCache
from provisioning.domain.permission_advice import Advice, compare
from provisioning.domain.permissions import Act
from provisioning.models import ConnectionTest
from provisioning.scim.client import ScimClient
from provisioning.scim.discovery import custom_schema_request, discovery_requests, read_document
from provisioning.scim.errors import FeatureNotEnabled, ScimError
from provisioning.scim.messages import Purpose, Request
from provisioning.scim.transport import WrongHost
from provisioning.services.permitted import advice_for
from tenants.domain.roles import Action
from tenants.domain.token_errors import token_roles
from tenants.models import Credential, Tenant, User
from tenants.selectors import active_credential, tenants_for
from tenants.services import record
from tenants.tokens import ConsentMissing, NoToken, app_token, forget

LABEL = "connection"
DONE, FAILED, SKIPPED, NOTED = "done", "failed", "skipped", "noted"


class ConnectionRefused(Exception):
    """No test was made; str() says why."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step: `words` say what was found and what to do, `detail` holds Entra's own words."""

    key: str
    state: str
    words: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a test will ask for: at most so many calls, and their price (None without a price)."""

    calls: int
    cost: Cost | None


def promise(tenant: Tenant, now: datetime) -> Promise:
    """What a test of this tenant takes, said before it is made."""
    calls = len(_requests(advice_for(tenant)))
    try:
        return Promise(calls, quote_for(tenant, calls, now))
    except NoPrice:
        return Promise(calls, None)


def try_connection(*, tenant: Tenant, by: User) -> ConnectionTest:
    """Test with a fresh token, so that new consent shows; the result is kept. ConnectionRefused."""
    if not tenants_for(by, Action.EDIT_TENANT).filter(pk=tenant.pk).exists():
        raise ConnectionRefused(f"{by.email} may not test {tenant}.")
    credential = active_credential(tenant)
    if credential is None:
        raise ConnectionRefused("No credential is stored for this tenant. Store one first.")
    forget(credential)
    run = _Run(tenant, credential, advice_for(tenant))
    run.go()
    with transaction.atomic():
        found = ConnectionTest.objects.create(
            customer_id=tenant.customer_id,
            tenant=tenant,
            credential=credential,
            by=by,
            worked=all(step.state != FAILED for step in run.steps),
            feature_off=run.feature_off,
            roles=run.roles,
            steps=[asdict(step) for step in run.steps],
            calls=run.calls,
        )
        record(
            "connection.tested",
            by=by,
            customer=tenant.customer,
            subject=tenant,
            worked=found.worked,
            problem=found.problem,
            calls=run.calls,
        )
    return found


def _requests(advice: Advice) -> list[Request]:
    """Everything there is to read; the definitions of custom attributes only if they are mapped."""
    requests = discovery_requests(Purpose.CONNECTION_TEST)
    if any(need.right[0] is Act.READ_CUSTOM_SCHEMA for need in advice.needs):
        requests.append(custom_schema_request(Purpose.CONNECTION_TEST))
    return requests


class _Run:
    """One test, step by step; what needs a step that failed is skipped and costs nothing."""

    def __init__(self, tenant: Tenant, credential: Credential, advice: Advice) -> None:
        self._tenant, self._credential, self._advice = tenant, credential, advice
        self.steps: list[StepResult] = []
        self.roles: list[str] | None = []
        self.feature_off = False
        self.calls = 0

    def go(self) -> None:
        if not self._token():
            self._skip("permissions", "service")
            return
        self._permissions()
        try:
            with open_client(self._tenant, LABEL, _lease) as client:
                self._service(client)
        except (NoToken, WrongHost) as error:
            self._add("service", FAILED, str(error))

    def _token(self) -> bool:
        try:
            token = app_token(self._tenant, self._credential, purpose=LABEL)
        except ConsentMissing as error:
            self._add("token", FAILED, str(error), error.problem.description)
            return False
        except NoToken as error:
            # Nothing is known of the permissions then, which is not the same as none.
            self.roles = None
            problem = getattr(error, "problem", None)
            self._add("token", FAILED, str(error), problem.description if problem else "")
            return False
        found = token_roles(token)
        self.roles = None if found is None else sorted(found)
        self._add("token", DONE, f"Entra gave a token for {self._credential.client_id}.")
        return True

    def _permissions(self) -> None:
        if self.roles is None:
            self._add("permissions", NOTED, "The token does not show its permissions.")
            return
        found = compare(self._advice, self.roles)
        if found.missing:
            each = "; ".join(f"{m.name}: {' '.join(m.reasons)}" for m in found.missing)
            self._add(
                "permissions",
                FAILED,
                f"Missing: {', '.join(m.name for m in found.missing)}. Add them to the application"
                " (Microsoft Graph, application permissions) and grant admin consent.",
                each,
            )
            return
        extra = "; ".join(f"{each.name} ({each.allows})" for each in found.excessive)
        words = f"All there: {', '.join(self._advice.names)}."
        if extra:
            words += f" More than needed: {extra}."
        self._add("permissions", DONE, words)

    def _service(self, client: ScimClient) -> None:
        documents: dict[str, object] = {}
        for request in _requests(self._advice):
            self.calls += 1
            try:
                documents[request.path] = read_document(client.read, request)
            except ScimError as error:
                self.feature_off = isinstance(error, FeatureNotEnabled)
                words = error.detail
                if error.request_id:
                    words += f" (request id {error.request_id})"
                self._add("service", FAILED, str(error), words)
                return
        DiscoveryCache(self._tenant, fresh=True).keep(documents)
        self._add("service", DONE, f"The SCIM API answers at {scim_base(self._tenant)}.")

    def _skip(self, *keys: str) -> None:
        for key in keys:
            self._add(key, SKIPPED, "Not tried: it needs the step before.")

    def _add(self, key: str, state: str, words: str, detail: str = "") -> None:
        self.steps.append(StepResult(key, state, words, detail))


def _lease() -> float:
    seconds: float = settings.LANE_LEASE_SECONDS
    return time.monotonic() + seconds
