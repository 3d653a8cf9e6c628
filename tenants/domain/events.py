"""What people and their systems can be told of: names, and the sentence for each.

A sentence names its facts in braces; `subject` is what it happened to. Texts hold no secrets and
name none of a customer's people: they leave the portal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of news: how it is called in lists, its headline, and what is said."""

    label: str
    headline: str
    sentence: str


class UnknownEvent(ValueError):
    """No such kind of event, or a fact for its sentence is missing; str() says which."""


EVENTS: Mapping[str, EventKind] = {
    "job.waits": EventKind(
        "A plan waits for approval",
        "{subject} waits for approval",
        "{subject} of {tenant} is planned and waits for somebody to approve it:"
        " {changes} changes; calls: {range}.",
    ),
    "job.stopped": EventKind(
        "A file was stopped by the guard",
        "{subject} was stopped",
        "{subject} of {tenant} was stopped before planning, because too much would be lost."
        " Somebody has to look at it.",
    ),
    "job.failed": EventKind(
        "A job failed",
        "{subject} failed",
        "{subject} of {tenant} could not be carried out: {problem}",
    ),
    "job.finished_with_failures": EventKind(
        "A job finished with failures",
        "{subject} finished with failures",
        "{subject} of {tenant} has finished; {failed} of {changes} changes failed.",
    ),
    "quarantine.rests": EventKind(
        "A tenant rests after repeated failures", "{subject} rests", "{text}"
    ),
    "quarantine.ended": EventKind("A tenant's rest has ended", "{subject} works again", "{text}"),
    "schedule.not_started": EventKind(
        "A scheduled job was not started", "A schedule of {subject} was not started", "{text}"
    ),
    "credential.expires": EventKind(
        "A credential expires soon",
        "A credential of {subject} expires in {days} days",
        "The {kind} of {subject} expires on {expires}, in {days} days. Store its successor before:"
        " without one no job can run.",
    ),
    "credential.expired": EventKind(
        "A credential has expired",
        "A credential of {subject} has expired",
        "The {kind} of {subject} has expired on {expires}. No job can run until another is stored.",
    ),
    "api_token.expires": EventKind(
        "An API token expires soon",
        "The API token {subject} expires in {days} days",
        "The API token {subject}, made by {made_by}, expires on {expires}, in {days} days. Make its"
        " successor before: what uses it is refused from then on.",
    ),
    "api_token.expired": EventKind(
        "An API token has expired",
        "The API token {subject} has expired",
        "The API token {subject}, made by {made_by}, has expired on {expires}. What uses it is"
        " refused.",
    ),
    "budget.reached": EventKind(
        "A budget reached a threshold",
        "{percent} % of a budget is spent",
        "{percent} % of the budget of {subject} is spent: {amount}.",
    ),
    "budget.forecast": EventKind(
        "A budget is expected to reach a threshold",
        "A budget is expected to reach {percent} %",
        "By the forecast the budget of {subject} comes to {percent} % this month: {amount}.",
    ),
    "budget.stops": EventKind(
        "A budget keeps a job waiting",
        "{subject} waits because of a budget",
        "{subject} of {tenant} waits. {text}",
    ),
    "usage.unusual": EventKind(
        "Unusually many calls in an hour",
        "Unusually many calls of {subject}",
        "{subject}: {sentence} Most of them by {job}.",
    ),
    "bill.foreign": EventKind(
        "Azure billed calls that are not from us",
        "Calls of {subject} that are not from us",
        "Azure billed {calls} calls of {subject} that this portal did not make ({days}, UTC)."
        " Somebody else may be using the directory's SCIM API or an application's credential.",
    ),
    "audit.broken": EventKind(
        "The audit trail was changed from outside",
        "The audit trail was changed",
        "Verifying the audit trail found {problems} problems in {events} events."
        " `manage.py verify_audit` names them.",
    ),
    "notices.test": EventKind(
        "A test", "A test of {subject}", "Somebody asked the portal for this test message."
    ),
}
# Whoever wants news chooses among these; a test is sent when it is asked for.
CHOOSABLE = tuple(name for name in EVENTS if name != "notices.test")


def headline(event: str, subject: str, facts: Mapping[str, object]) -> str:
    """The headline, one line; raises UnknownEvent."""
    return " ".join(_filled(event, kind_of(event).headline, subject, facts).split())


def sentence(event: str, subject: str, facts: Mapping[str, object]) -> str:
    """What is said; raises UnknownEvent."""
    return _filled(event, kind_of(event).sentence, subject, facts)


def kind_of(event: str) -> EventKind:
    """The kind by its name; raises UnknownEvent."""
    try:
        return EVENTS[event]
    except KeyError as error:
        raise UnknownEvent(f"There is no event {event!r}.") from error


def _filled(event: str, text: str, subject: str, facts: Mapping[str, object]) -> str:
    values = {**facts, "subject": subject}
    named = {name for _, name, _, _ in Formatter().parse(text) if name}
    lacking = sorted(named - values.keys())
    if lacking:
        raise UnknownEvent(f"{event} lacks {', '.join(lacking)}.")
    return text.format(**{name: values[name] for name in named})
