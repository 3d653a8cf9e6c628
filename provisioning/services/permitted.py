"""What a tenant's application needs to be permitted, beside what its last token held."""

from collections.abc import Iterable
from typing import Any

from provisioning.domain.definition import ProfileDefinition, ProfileError, parse_definition
from provisioning.domain.permission_advice import Advice, Compared, advise, compare
from provisioning.domain.protection import protected_groups
from provisioning.domain.starter import STARTER
from provisioning.models import ConnectionTest, Job
from provisioning.selectors import profile_in, sources_of, targets_of
from provisioning.services.decisions import DecisionRefused
from tenants.models import Tenant
from tenants.selectors import active_credential

_TOLD = 3


def advice_for(tenant: Tenant) -> Advice:
    """The least permissions for all of a tenant's published profiles, and for testing them.

    Without one they are those of the usual profile, so that nobody has to be asked twice.
    """
    profiles = (profile_in(tenant, source) for source in sources_of(tenant))
    versions = [profile.current for profile in profiles if profile]
    written = [version.definition for version in versions if version] or [STARTER]
    return _advice(tenant, written, testing=True)


def last_test(tenant: Tenant) -> ConnectionTest | None:
    """The newest connection test."""
    return ConnectionTest.objects.filter(tenant=tenant).first()


def is_stale(test: ConnectionTest) -> bool:
    """Whether another credential is in use by now, of which the test says nothing."""
    credential = active_credential(test.tenant)
    return credential is None or credential.pk != test.credential_id


def held_by(tenant: Tenant) -> tuple[str, ...] | None:
    """Permissions of the last token, None as long as no test has shown those of the credential."""
    test = last_test(tenant)
    if test is None or test.roles is None or is_stale(test):
        return None
    # Without a token nothing is known of permissions, but that consent is missing.
    return tuple(test.roles)


def compared(tenant: Tenant, advice: Advice) -> Compared | None:
    """What is missing and what is too much; None as long as it is not known what is held."""
    held = held_by(tenant)
    return None if held is None else compare(advice, held)


def why_not_permitted(job: Job) -> str:
    """Which permission a job's profile lacks, as far as is known; "" when none is missing."""
    advice = _advice(job.tenant, [job.profile_version.definition], testing=False)
    found = compared(job.tenant, advice)
    if found is None or found.enough:
        return ""
    each = (f"{missing.name} ({_few(missing.reasons)})" for missing in found.missing)
    return (
        f"The application lacks a permission: {'; '.join(each)}. Grant it with admin consent, then"
        " test the connection again."
    )


def _few(reasons: tuple[str, ...]) -> str:
    told = " ".join(reasons[:_TOLD])
    return told if len(reasons) <= _TOLD else f"{told} And {len(reasons) - _TOLD} more reasons."


def require_permitted(job: Job) -> None:
    """Raises DecisionRefused while a permission is known to be missing."""
    if why := why_not_permitted(job):
        raise DecisionRefused(why)


def _advice(tenant: Tenant, written: Iterable[dict[str, Any]], *, testing: bool) -> Advice:
    targets = targets_of(tenant)
    definitions: list[ProfileDefinition] = []
    for each in written:
        try:
            definitions.append(parse_definition(each, targets))
        except ProfileError:
            # A version that cannot be used any more plans nothing, and says so elsewhere.
            continue
    protects = bool(protected_groups(tenant.protected_accounts))
    return advise(definitions, protects_groups=protects, testing=testing)
