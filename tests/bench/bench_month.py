"""The month of 1,000 tenants over 10 million single calls: pages against an empty page, and files.

Run: python -m tests.bench.bench_month [calls] [tenants] [customers] [sqlite,postgresql]

Each stack holds three portals: an empty one, one of 10 tenants, and the large one. Pages are asked
for in process, through all middleware (Django's client), by a process that does nothing else, warm:
the median of many. `ms` is the clock's time, `busy` that of the processor in this process and the
database's for it, which other work on the machine changes less. The ratios are of `busy`: `/empty`
against the empty page, the cost overview of the empty portal as its administrator; `/unused`
against a month without usage in the same portal. A machine does not keep its pace over minutes, so
the ratio of the overview is measured once more, both pages in turn. Aims: the overview takes at
most 5 times the empty page, by as many queries for 1,000 tenants as for 10. On PostgreSQL the
portal is the application role, under row-level security; the loader is not.
"""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import services

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
SEED = 20_261
_SMALL = (10, 4, 100_000)
_TURNS = 7
_BASE = {
    "SECRET_KEY": "for-tests-only-" * 4,
    "VAULT_KEYS": f"k1:{'A' * 43}=",
    "ALLOWED_HOSTS": "testserver",
    "MFA_REQUIRED_ROLES": "",
    "SECURE": "0",
    "PYTHONWARNINGS": "ignore",
}


def main(calls: int, tenants: int, customers: int, stacks: list[str]) -> None:
    """Measure each stack and print its table."""
    sizes = {"empty": (0, 0, 0), "small": _SMALL, "large": (tenants, customers, calls)}
    for stack in stacks:
        with _portals(stack, sizes) as portals:
            found = {}
            for name, (environment, loader) in portals.items():
                began = time.perf_counter()
                _run("fill", loader, *map(str, sizes[name]))
                print(f"{stack}, {name}: filled in {time.perf_counter() - began:.0f} s", flush=True)
                found[name] = json.loads(_run("measure", environment))
            _print(stack, sizes["large"], found)
            _print_turns(portals["empty"][0], portals["large"][0])


@contextlib.contextmanager
def _portals(
    stack: str, sizes: dict[str, Any]
) -> Iterator[dict[str, tuple[dict[str, str], dict[str, str]]]]:
    """Migrated, empty databases: the environment of the portal, and of whoever loads it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        first, *others = sizes
        if stack == "sqlite":
            found = {name: {**_BASE, "PORTAL_VAR": str(Path(folder) / name)} for name in sizes}
            _manage(found[first], "migrate")
            for name in others:
                shutil.copytree(Path(folder) / first, Path(folder) / name)
            yield {name: (environment, environment) for name, environment in found.items()}
            return
        with services.postgres() as url:
            migrated = services.with_roles(url, f"bench_{first}")
            _manage(_of(migrated, folder)[0], "migrate")
            _manage(_of(migrated, folder)[0], "collectstatic", "--no-input")
            portals = {name: services.copied(migrated, f"bench_{name}") for name in others}
            yield {name: _of(roles, folder) for name, roles in {first: migrated, **portals}.items()}


def _of(roles: services.Roles, folder: str) -> tuple[dict[str, str], dict[str, str]]:
    portal = {**_BASE, **roles.environment, "PORTAL_VAR": folder}
    return portal, {**_BASE, "DATABASE_URL": roles.admin}


def _environment(more: dict[str, str]) -> dict[str, str]:
    return {**{k: v for k, v in os.environ.items() if k != "DATABASE_URL"}, **more}


def _manage(environment: dict[str, str], *command: str) -> None:
    line = [sys.executable, "manage.py", *command, "-v0"]
    subprocess.run(line, env=_environment(environment), check=True)


def _run(part: str, environment: dict[str, str], *arguments: str) -> str:
    """A part in a process of its own; gives its last line, the others are shown."""
    command = [sys.executable, "-m", "tests.bench.bench_month", part, *arguments]
    done = subprocess.Popen(
        command, env=_environment(environment), stdout=subprocess.PIPE, text=True
    )
    assert done.stdout is not None
    last = ""
    for line in done.stdout:
        if last:
            print(last, flush=True)
        last = line.rstrip()
    if done.wait():
        raise SystemExit(f"{part} failed: {last}")
    return last


def _print(stack: str, size: tuple[int, int, int], found: dict[str, dict[str, Any]]) -> None:
    empty = found["empty"]["overview"]
    unused = found["large"]["overview, a month without usage"]
    tenants, customers, calls = size
    print(f"\n{stack}: {tenants:,} tenants of {customers:,} customers, {calls:,} calls")
    print(
        f"An empty page (empty portal's overview): {empty['ms']:.1f} ms, busy {empty['busy']:.1f}"
    )
    print(
        f"{'':32}{'ms':>9}{'busy':>9}{'/empty':>8}{'/unused':>8}{'queries':>9}{'at 10':>7}{'MB':>8}"
    )
    for name, row in found["large"].items():
        many, few = row["queries"] or "", found["small"][name]["queries"] or ""
        ratios = "".join(f"{row['busy'] / each['busy']:8.1f}" for each in (empty, unused))
        cells = f"{row['ms']:9.1f}{row['busy']:9.1f}{ratios}{many:>9}{few:>7}{row['mb']:8.1f}"
        print(f"{name:32}{cells}  {row['note']}", flush=True)
    print(flush=True)


def _print_turns(empty: dict[str, str], large: dict[str, str]) -> None:
    """The overview's ratio, both pages asked for one after the other, several times."""
    ratios = []
    for _ in range(_TURNS):
        least, most = (
            json.loads(_run("measure", environment, "overview"))["overview"]["busy"]
            for environment in (empty, large)
        )
        ratios.append(most / least)
    told = " ".join(f"{ratio:.1f}" for ratio in ratios)
    median = statistics.median(ratios)
    print(
        f"The overview against the empty page, in turn: {told}; median {median:.1f}\n", flush=True
    )


def _part(name: str, arguments: list[str]) -> None:
    import django

    django.setup()
    if name == "fill":
        from django.utils import timezone

        from tests.bench.month_data import fill

        tenants, customers, calls = map(int, arguments)
        fill(tenants, customers, calls, SEED, timezone.now())
    else:
        from tests.bench.month_pages import measure

        print(json.dumps(measure(*arguments)))


if __name__ == "__main__":
    given = sys.argv[1:]
    if given and given[0] in ("fill", "measure"):
        _part(given[0], given[1:])
    else:
        sizes = [*map(int, given[:3]), *(10_000_000, 1_000, 400)[len(given[:3]) :]]
        main(*sizes, given[3].split(",") if len(given) > 3 else ["sqlite", "postgresql"])
