"""The sources of a tenant: added, renamed, put in order, removed."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from provisioning.models import Job, Snapshot, Source
from provisioning.selectors import source_of, sources_of
from provisioning.services import lanes, snapshots
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for
from tenants.services import record

_LONGEST = 60


class SourceRefused(Exception):
    """Nothing was changed; str() says why and what to do."""


def own_source(tenant: Tenant, source: Source | None = None) -> Source:
    """The source given, or else the tenant's first one, which is made when there is none."""
    found = source or source_of(tenant)
    if found is None:
        found, _ = Source.objects.get_or_create(
            tenant=tenant,
            slug="main",
            removed_at=None,
            defaults={"customer_id": tenant.customer_id},
        )
    found.tenant = tenant
    return found


@transaction.atomic
def add_source(*, tenant: Tenant, name: str, by: User) -> Source:
    """Add a source, which comes last; raises SourceRefused for a name that is taken or none."""
    _may_edit(tenant, by)
    lanes.lock(tenant)
    own_source(tenant)
    name, slug = _checked(name)
    position = max(each.position for each in sources_of(tenant)) + 1
    try:
        with transaction.atomic():
            source = Source.objects.create(
                customer_id=tenant.customer_id,
                tenant=tenant,
                name=name,
                slug=slug,
                position=position,
            )
    except IntegrityError:
        raise SourceRefused(f"There is a source of a name like {name} already.") from None
    record("source.added", by=by, customer=tenant.customer, subject=tenant, source=slug)
    return source


@transaction.atomic
def rename_source(*, source: Source, name: str, by: User) -> None:
    """Give a source another name; its address stays. Raises SourceRefused."""
    _may_edit(source.tenant, by)
    before, (name, _) = source.name, _checked(name)
    if before == name:
        return
    try:
        with transaction.atomic():
            Source.objects.filter(pk=source.pk).update(name=name)
    except IntegrityError:
        raise SourceRefused(f"There is a source of the name {name} already.") from None
    source.name = name
    _note("renamed", source, by, before=before, after=name)


@transaction.atomic
def move_source(*, source: Source, earlier: bool, by: User) -> None:
    """Let a source change places with its neighbour; at the end of the list nothing happens."""
    _may_edit(source.tenant, by)
    lanes.lock(source.tenant)
    order = list(sources_of(source.tenant))
    _require_present(source, order)
    at = order.index(source)
    to = at - 1 if earlier else at + 1
    if not 0 <= to < len(order):
        return
    order[at], order[to] = order[to], order[at]
    for position, each in enumerate(order):
        Source.objects.filter(pk=each.pk).update(position=position)
    _note("moved", source, by, order=[each.slug for each in order])


@transaction.atomic
def remove_source(*, source: Source, by: User) -> None:
    """Take a source away that owns no account; the records of its reads are erased.

    Raises SourceRefused while accounts or an open job are its, and for the last one of a tenant.
    """
    _may_edit(source.tenant, by)
    lanes.lock(source.tenant)
    order = list(sources_of(source.tenant))
    _require_present(source, order)
    if len(order) == 1:
        raise SourceRefused(f"{source} is the only source of this tenant.")
    if owned := source.accounts.count():
        whose = "1 account belongs" if owned == 1 else f"{owned:,} accounts belong"
        raise SourceRefused(f"{whose} to {source}. Transfer them to another source first.")
    if Job.objects.filter(source=source, state__in=Job.OPEN).exists():
        raise SourceRefused(f"A job of {source} is open. Let it end, or cancel it.")
    now = timezone.now()
    for read in Snapshot.objects.filter(source=source, erased_at=None):
        snapshots.erase(read, now)
    Source.objects.filter(pk=source.pk).update(removed_at=now)
    _note("removed", source, by)


def _may_edit(tenant: Tenant, by: User) -> None:
    if not tenants_for(by, Action.EDIT_TENANT).filter(pk=tenant.pk).exists():
        raise SourceRefused(f"{by.email} may not edit {tenant}.")


def _require_present(source: Source, order: Sequence[Source]) -> None:
    if source not in order:
        raise SourceRefused(f"{source} was removed meanwhile.")


def _checked(name: str) -> tuple[str, str]:
    """A name without spaces around it, and the address it makes."""
    name = " ".join(name.split())
    slug = slugify(name)[:_LONGEST].strip("-")
    if not slug or len(name) > _LONGEST:
        raise SourceRefused(f"A source has a name of letters or digits, up to {_LONGEST} long.")
    return name, slug


def _note(what: str, source: Source, by: User, **detail: object) -> None:
    tenant = source.tenant
    record(
        f"source.{what}",
        by=by,
        customer=tenant.customer,
        subject=tenant,
        source=source.slug,
        **detail,
    )
