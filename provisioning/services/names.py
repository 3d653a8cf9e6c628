"""Whether a unique value is still free, as far as the portal knows."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform

from provisioning.domain.planner import USER_NAME
from provisioning.domain.protection import Protection
from provisioning.models import DirectoryObject, Operation


def is_free(operation: Operation, batch: Iterable[Operation], path: str, value: str) -> bool:
    """Whether no account of the shadow and nobody else of the operation's job has this value.

    It is asked rarely: when a creation was answered that its value is taken. What others of the
    same `batch` have been given since is not stored yet.
    """
    if any(_has(each, path, value) for each in batch if each.pk != operation.pk):
        return False
    accounts = DirectoryObject.objects.filter(tenant_id=operation.tenant_id)
    others = Operation.objects.filter(job_id=operation.job_id).exclude(pk=operation.pk)
    if path != USER_NAME:
        having = (_having(accounts, "state", path, value), _having(others, "after", path, value))
        return not any(found.exists() for found in having)
    if Protection(operation.tenant.protected_accounts).covers("", value):
        return False
    taken = accounts.filter(folded_user_name=value.casefold()).exists()
    return not (taken or others.filter(user_name__iexact=value).exists())


def _has(operation: Operation, path: str, value: str) -> bool:
    return str(operation.after.get(path) or "").casefold() == value.casefold()


def _having(rows: QuerySet[Any], field: str, path: str, value: str) -> QuerySet[Any]:
    found: QuerySet[Any] = rows.annotate(its=KeyTextTransform(path, field))
    return found.filter(its__iexact=value)
