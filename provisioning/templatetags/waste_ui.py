"""What wasted calls were about, in words."""

from django import template

from billing.domain.waste import CHECK, Finding, Kind
from billing.domain.waste_words import TROUBLES
from billing.templatetags.billing_ui import purpose_words
from provisioning.models import Job
from provisioning.templatetags.provisioning_ui import attribute_label

register = template.Library()


@register.filter
def waste_what(finding: Finding) -> str:
    """Attributes, a trouble, a kind of job, or a purpose."""
    match finding.kind:
        case Kind.FLAPPING:
            return ", ".join(attribute_label(path) for path in finding.what.split(", "))
        case Kind.RETRY:
            return TROUBLES[finding.what]
        case Kind.IDLE_JOB:
            more = "further " if finding.what == CHECK else ""
            return f"{more}{Job.Kind(finding.what).label} without a finding".capitalize()
        case _:
            return purpose_words(finding.what)
