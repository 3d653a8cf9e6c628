"""Guard against accidental change: compares a read with the last accepted one, before planning."""

from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

SAMPLE = 20


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What is known of one read. `people` counts its records; `keys` are the folded keys present.

    Held rows whose key is readable are present, so the caller puts them into `keys`. `keys` is
    None when the snapshot itself has been erased and only the counts are left.
    """

    people: int
    columns: tuple[str, ...]
    keys: AbstractSet[str] | None


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """Stop when more than `share` (0 to 1) of the people are missing, and at least `minimum`."""

    share: Decimal | float = Decimal("0.10")
    minimum: int = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """A read against the one before. `missing_share` is 0 to 1; `sample` the first missing keys."""

    people_before: int
    people_now: int
    missing: int
    missing_share: Decimal
    sample: tuple[str, ...]
    columns_lost: tuple[str, ...]
    columns_added: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def stops(self) -> bool:
        """Whether a person has to look at this before anything is planned."""
        return bool(self.reasons)

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON values; the share as a string with four decimals."""
        share = str(self.missing_share.quantize(Decimal("0.0001")))
        return asdict(self) | {
            "missing_share": share,
            "sample": list(self.sample),
            "columns_lost": list(self.columns_lost),
            "columns_added": list(self.columns_added),
            "reasons": list(self.reasons),
            "stops": self.stops,
        }


def compare(
    previous: SnapshotFacts, current: SnapshotFacts, limits: GuardLimits | None = None
) -> Comparison:
    """Compare two reads. Keys decide who is missing; without them the counts do."""
    limits = limits or GuardLimits()
    missing, sample = _missing(previous, current)
    lost = tuple(column for column in previous.columns if column not in current.columns)
    added = tuple(column for column in current.columns if column not in previous.columns)
    return Comparison(
        people_before=previous.people,
        people_now=current.people,
        missing=missing,
        missing_share=_share(missing, previous.people),
        sample=sample,
        columns_lost=lost,
        columns_added=added,
        reasons=(*_people_reasons(missing, previous.people, limits), *_column_reasons(lost)),
    )


def _missing(previous: SnapshotFacts, current: SnapshotFacts) -> tuple[int, tuple[str, ...]]:
    if previous.keys is None or current.keys is None:
        return max(0, previous.people - current.people), ()
    gone = previous.keys - current.keys
    return len(gone), tuple(sorted(gone)[:SAMPLE])


def _share(missing: int, before: int) -> Decimal:
    # Held rows count as present without being people, so more can be missing than there were.
    if missing >= before:
        return Decimal(1 if missing else 0)
    return Decimal(missing) / Decimal(before)


def _people_reasons(missing: int, before: int, limits: GuardLimits) -> tuple[str, ...]:
    share = Decimal(str(limits.share))
    if missing < limits.minimum or missing <= share * before:
        return ()
    verb = "is" if missing == 1 else "are"
    found = f"{missing:,} of {before:,} people ({_percent(_share(missing, before))}) {verb} missing"
    return (f"{found}; the limit is {_percent(share)}.",)


def _column_reasons(lost: tuple[str, ...]) -> tuple[str, ...]:
    if not lost:
        return ()
    noun = "The column is" if len(lost) == 1 else f"{len(lost)} columns are"
    return (f"{noun} missing: {', '.join(lost)}.",)


def _percent(share: Decimal) -> str:
    text = f"{share * 100:.1f}"
    return f"{text.removesuffix('.0')} %"
