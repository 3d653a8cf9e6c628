"""Values for templates/components/gallery.html: every component in a plausible state."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator

from billing.charts import Chart, paired_bars, stacked_bars
from msp_portal.icons import ICONS
from msp_portal.templatetags.portal_ui import STATUSES

NOW = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)

OPERATIONS = [
    {
        "name": "Noor Haddad",
        "user_name": "noor.haddad@birch.example",
        "change": "update",
        "state": "done",
        "attributes": [
            ("title", "Analyst", "Senior analyst"),
            ("department", "Finance", "Controlling"),
        ],
    },
    {
        "name": "Zoë Ångström",
        "user_name": "zoe.angstrom@birch.example",
        "change": "create",
        "state": "sent",
        "attributes": [("userName", None, "zoe.angstrom@birch.example"), ("active", None, "true")],
    },
    {
        "name": "Tom Baker-Iwu",
        "user_name": "tom.baker-iwu@birch.example",
        "change": "disable",
        "state": "failed",
        "attributes": [("active", "true", "false"), ("phone", "+44 20 7946 0018", "")],
    },
]
CUSTOMERS = [
    {"name": "Birch & Sons", "tenant": "birch.example", "state": "planned", "people": 1200,
     "calls": 1201, "cost": Decimal("2.402")},
    {"name": "Harbour Logistics", "tenant": "harbour.example", "state": "applying", "people": 320,
     "calls": 319, "cost": Decimal("0.638")},
    {"name": "Kestrel Schools", "tenant": "kestrel.example", "state": "finished", "people": 85,
     "calls": 86, "cost": Decimal("0.172")},
]  # fmt: skip


class UploadForm(forms.Form):
    """A file field as the drop zone shows it."""

    file = forms.FileField(label="HR export")


class SampleForm(forms.Form):
    """One field of each kind, some with help and errors."""

    name = forms.CharField(help_text="As it is written on reports.")
    secret = forms.CharField(widget=forms.PasswordInput, required=False)
    cloud = forms.ChoiceField(choices=[("global", "Global"), ("sandbox", "Sandbox")])
    protected = forms.CharField(
        label="Protected accounts",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One per line: object id, user name, or a pattern with *.",
        required=False,
    )
    policy = forms.ChoiceField(
        label="Approval",
        widget=forms.RadioSelect,
        choices=[("always", "Always by a person"), ("limits", "Automatic below limits")],
    )
    active = forms.BooleanField(label="Sync every night", required=False)


def sample_chart() -> Chart:
    """A month of three customers: a large first job, then little, then a wave."""
    days = [f"{day} Jul" for day in range(1, 32)]
    first = [Decimal("2.402")] + [Decimal(day % 7) * Decimal("0.04") for day in range(2, 32)]
    second = [Decimal(day * 37 % 11) * Decimal("0.026") for day in range(1, 32)]
    third = [Decimal(1) if day == 17 else Decimal("0.012") for day in range(1, 32)]
    names = [customer["name"] for customer in CUSTOMERS]
    return stacked_bars(days, list(zip(map(str, names), (first, second, third), strict=True)))


def gallery_context() -> dict[str, Any]:
    """Everything the gallery shows; page 4 of 13 so that the pagination has gaps on both sides."""
    form = SampleForm({"name": "", "cloud": "global", "policy": "always"})
    form.add_error(None, "This name is taken by another tenant of the customer.")
    return {
        "price": Decimal("0.182"),
        "cost": Decimal("2.402"),
        "unit_price": Decimal("0.002"),
        "days": [0, 4, 9, 2, 0, 7, 12],
        "calls": 1201,
        "moment": NOW - timedelta(minutes=12),
        "now": NOW,
        "changes": [("create", "Create"), ("update", "Update"), ("disable", "Disable")],
        "operations": OPERATIONS,
        "customers": CUSTOMERS,
        "page": Paginator(range(1, 302), 25).page(4),
        "counts": [
            ("created", 61, "success", "user-plus"),
            ("updated", 348, "info", "pencil"),
            ("failed", 3, "danger", "x-circle"),
            ("left", 788, "neutral", "clock"),
        ],
        "chart": sample_chart(),
        "pairs": paired_bars(
            [
                ("Every 4 hours", Decimal("2.44"), Decimal("441.7")),
                ("Every day", Decimal("2.44"), Decimal("76.9")),
            ]
        ),
        "upload": UploadForm(),
        "form": form,
        "statuses": [(kind, list(states)) for kind, states in STATUSES.items()],
        "icons": sorted(ICONS),
    }
