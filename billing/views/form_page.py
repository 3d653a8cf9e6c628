"""The frame that every form of finance stands in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import render

from tenants.access import PortalRequest

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def keeps(form: BaseForm, keep: Callable[[], object], field: str, taken: str) -> bool:
    """Whether something was written; somebody who was quicker is told of at the field."""
    try:
        with transaction.atomic():
            keep()
    except IntegrityError:
        form.add_error(field, taken)
        return False
    return True


@dataclass(frozen=True, slots=True)
class FormPage:
    """What stands around a form: title and what to know, its button, the page it belongs to."""

    title: str
    lede: str
    save: str
    above: str
    above_url: "StrOrPromise"
    template: str = "billing/form.html"
    style: str = "primary"

    def shown(self, request: PortalRequest, form: BaseForm, **more: Any) -> HttpResponse:
        """The page; `more` is for what stands below the form."""
        return render(request, self.template, {"frame": self, "form": form, **more})
