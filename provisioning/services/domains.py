"""A tenant's domains: seen in its members' user names, or entered by a person."""

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db import transaction

from provisioning.domain.attributes import USER_NAME
from provisioning.domain.domains import UNSEEN, Domain, KnownDomains, domain_of, domain_problem
from provisioning.models import DirectoryObject, Job, Operation, TenantDomain
from provisioning.services.decisions import DecisionRefused
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for
from tenants.services import record


def known_domains(tenant: Tenant, seen: Mapping[str, int]) -> KnownDomains:
    """What planning goes by; `seen` counts members' user names by domain."""
    rows = TenantDomain.objects.filter(tenant=tenant)
    entered = [_value(row, seen) for row in rows]
    if entered:
        return KnownDomains.entered(entered)
    return KnownDomains.seen({name: users for name, users in seen.items() if name and users})


def seen_domains(tenant: Tenant) -> Counter[str]:
    """How many members (no guests) of the directory have their user name in each domain."""
    names = DirectoryObject.objects.filter(tenant=tenant, guest=False)
    found = names.values_list("folded_user_name", flat=True).iterator(2000)
    counts = Counter(domain_of(name) for name in found)
    del counts[""]
    return counts


def unseen_in(job: Job) -> list[tuple[str, int]]:
    """Domains that the directory was not seen to have, with how many the plan writes into each."""
    warned = job.operations.exclude(state=Operation.State.SKIPPED).filter(reason__startswith=UNSEEN)
    names = warned.values_list("after", flat=True).iterator(2000)
    return Counter(domain_of(str(after.get(USER_NAME, ""))) for after in names).most_common()


@transaction.atomic
def change_domains(*, tenant: Tenant, domains: Sequence[Domain], by: User) -> None:
    """Enter a tenant's domains, in place of those entered before; none: go by those seen.

    Raises DecisionRefused for what is no domain name, twice the same, two defaults or an
    unverified default, and when this person may not edit the tenant.
    """
    if not tenants_for(by, Action.EDIT_TENANT).filter(pk=tenant.pk).exists():
        raise DecisionRefused(f"{by.email} may not edit {tenant}.")
    _require_sound(domains)
    old = [str(row) for row in TenantDomain.objects.filter(tenant=tenant)]
    TenantDomain.objects.filter(tenant=tenant).delete()
    TenantDomain.objects.bulk_create(_row(tenant, each, by) for each in domains)
    record(
        "domains.changed",
        by=by,
        customer=tenant.customer,
        subject=tenant,
        before=old,
        after=[_told(each) for each in domains],
    )


def _require_sound(domains: Sequence[Domain]) -> None:
    names = [each.name.casefold() for each in domains]
    for name in names:
        if problem := domain_problem(name):
            raise DecisionRefused(problem)
    if len(set(names)) < len(names):
        raise DecisionRefused("A domain is entered twice.")
    defaults = [each for each in domains if each.default]
    if len(defaults) > 1:
        raise DecisionRefused("Only one domain is the default.")
    if defaults and not defaults[0].verified:
        raise DecisionRefused(f"{defaults[0].name} cannot be the default: it is not verified.")


def _row(tenant: Tenant, domain: Domain, by: User) -> TenantDomain:
    return TenantDomain(
        customer_id=tenant.customer_id,
        tenant=tenant,
        name=domain.name.casefold(),
        verified=domain.verified,
        federated=domain.federated,
        default=domain.default,
        entered_by=by,
    )


def _value(row: TenantDomain, seen: Mapping[str, int]) -> Domain:
    return Domain(row.name, row.verified, row.federated, row.default, seen.get(row.name, 0))


def _told(domain: Domain) -> str:
    said = {
        "not verified": not domain.verified,
        "federated": domain.federated,
        "default": domain.default,
    }
    words = ", ".join(word for word, holds in said.items() if holds)
    return f"{domain.name.casefold()} ({words})" if words else domain.name.casefold()
