"""Since when who is a leaver: noted beside the shadow, because steps count their days from it."""

from collections import defaultdict
from datetime import date

from django.db import transaction

from provisioning.models import DirectoryObject, Job
from provisioning.services.lanes import HeldLane
from provisioning.services.people import MappedPeople

_BATCH = 500


@transaction.atomic
def note_leavers(job: Job, people: MappedPeople, held: HeldLane) -> None:
    """Note the first day of new leavers; whoever came back is none any more.

    A day that was noted stays as long as the person is missing, whatever became of the plan.
    """
    if job.kind == Job.Kind.PILOT:
        return
    held.confirm()
    ours = DirectoryObject.objects.filter(owner=job.source_id).exclude(key="")
    changed: defaultdict[date | None, list[int]] = defaultdict(list)
    for pk, key, noted in ours.values_list("pk", "key", "left_since").iterator(2000):
        wanted = people.leaver_since(key, noted)
        if wanted != noted:
            changed[wanted].append(pk)
    for since, pks in changed.items():
        for at in range(0, len(pks), _BATCH):
            ours.filter(pk__in=pks[at : at + _BATCH]).update(left_since=since)
