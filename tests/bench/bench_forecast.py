"""How good the forecast of a month is: `python -m tests.bench.bench_forecast [seeds]`.

Four made-up load shapes, seeded; the rest of the month is held out. Printed for each shape and day:
mean absolute percentage error of the forecast and of the naive way (calls so far, over the days so
far, times the days of the month), and how often the month's total lay within the band (aim: 80 %).
"""

import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from billing.domain.forecast import forecast
from billing.domain.periods import Month
from tests.support.loads import SHAPES, Load, mean, migration_ahead, naive, until

DAYS = (5, 10, 15, 20)
SEEDS = 40


@dataclass(frozen=True, slots=True)
class Score:
    """Mean absolute percentage errors, share of totals within the band, its width (% of total)."""

    error: float
    naive_error: float
    within: float
    width: float


def score(name: str, load_of: Load, day: int, seeds: int, first: int = 0) -> Score:
    """One shape, forecast at the beginning of a day of the month, over several seeds."""
    errors, naive_errors, within, widths = [], [], [], []
    for seed in range(first, first + seeds):
        month = Month(2026, seed % 12 + 1)
        load = load_of(Random(f"{name} {seed}"), month)
        today = month.start.date() + timedelta(days=day - 1)
        total = sum(load[each] for each in month.days)
        found = forecast(until(load, today), month, today)
        errors.append(abs(found.expected - total) / total * 100)
        naive_errors.append(abs(naive(load, month, today) - total) / total * 100)
        within.append(found.low <= total <= found.high)
        widths.append((found.high - found.low) / total * 100)
    return Score(mean(errors), mean(naive_errors), mean(within) * 100, mean(widths))


def main(seeds: int) -> None:
    """Print the table."""
    began = time.perf_counter()
    print(f"{seeds} months each, 70 days of history before; errors in % of the month's total")
    print(f"{'load':<24}{'day':>4}{'error':>8}{'naive':>8}{'ratio':>7}{'in band':>9}{'width':>7}")
    shapes = SHAPES | {"(migration still ahead)": migration_ahead}
    for name, load_of in shapes.items():
        for day in DAYS:
            each = score(name, load_of, day, seeds)
            ratio = each.error / each.naive_error
            print(
                f"{name:<24}{day:>4}{each.error:>8.1f}{each.naive_error:>8.1f}{ratio:>7.2f}"
                f"{each.within:>8.0f}%{each.width:>7.1f}"
            )
    count = len(shapes) * len(DAYS) * seeds
    print(f"{(time.perf_counter() - began) / count * 1000:.1f} ms a forecast")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)
