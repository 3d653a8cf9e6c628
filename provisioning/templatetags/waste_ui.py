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
            if finding.what == CHECK:
                return "Reconciles after the first of the month"
            return f"{Job.Kind(finding.what).label} jobs"
        case _:
            return purpose_words(finding.what)
