"""The page on which an HR export is handed in."""

from typing import BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render

from provisioning.forms import UploadForm
from provisioning.models import Job
from provisioning.selectors import profile_in
from provisioning.services.queueing import pilot_due
from provisioning.services.samples import take_sample
from provisioning.services.uploads import UploadRefused, accept_upload
from provisioning.views.places import Place, located
from tenants.access import PortalRequest, allowed
from tenants.domain.roles import Action
from tenants.models import Tenant, User
from tenants.selectors import tenants_for


@allowed(Action.UPLOAD)
def tenant_upload(request: PortalRequest, slug: str) -> HttpResponse:
    """Hand in a file; whatever is wrong with the whole of it is said here.

    Before there is a profile the file is a sample: it leads to suggestions, and queues no job.
    """
    place = located(tenants_for(request.user, Action.UPLOAD), slug)
    form = UploadForm(request.POST or None, request.FILES or None)
    tenant = place.tenant
    profile = profile_in(tenant, place.source)
    version = profile.current if profile else None
    if request.method == "POST" and form.is_valid():
        try:
            return _read(form, place, request.user, sample=version is None)
        except UploadRefused as error:
            form.add_error("file", str(error))
    context = {
        "form": form,
        "tenant": tenant,
        "version": version,
        "pilot_due": version is not None and pilot_due(version),
        "snapshot": place.source.snapshot if place.source else None,
        "waiting": _open_job(tenant, Job.State.PLANNED, Job.State.STOPPED),
        "busy": _open_job(tenant, *Job.IN_LANE, Job.State.PAUSED),
    }
    status = 422 if form.errors else 200
    return render(request, "provisioning/upload_form.html", context, status=status)


def _open_job(tenant: Tenant, *states: str) -> Job | None:
    """The open job that is in a new file's way; people on demand are in nobody's."""
    return tenant.jobs.filter(state__in=states).exclude(kind=Job.Kind.ON_DEMAND).first()


def _read(form: UploadForm, place: Place, by: User, *, sample: bool) -> HttpResponse:
    """Queue a job for the file, or keep it as a sample. Raises UploadRefused."""
    uploaded: UploadedFile[bytes] = form.cleaned_data["file"]
    file, name = cast("BinaryIO", uploaded.file), uploaded.name or "upload.csv"
    tenant, source = place.tenant, place.source
    if sample:
        take_sample(tenant=tenant, file=file, file_name=name, by=by, source=source)
        return redirect("profile_suggestions", slug=place.slug)
    job = accept_upload(
        tenant=tenant,
        file=file,
        file_name=name,
        by=by,
        pilot_size=form.cleaned_data["pilot_size"],
        source=source,
    )
    return redirect("job_detail", pk=job.pk)
