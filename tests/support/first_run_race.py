"""Several people fill in the first-run page at once (`-m tests.support.first_run_race ROUNDS`).

On the database of the environment, which is migrated first; prints how many won each round.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Barrier, Thread

import django

RACERS = 6


def race(rounds: int) -> Counter[str]:
    """In each round one of all has to become the administrator."""
    from django.db import connection

    from tenants.models import FirstRun, User
    from tenants.row_security import everything
    from tenants.services.first_run import FirstRunOver, add_first_administrator

    seen: Counter[str] = Counter()
    for _ in range(rounds):
        with everything():
            User.objects.all().delete()
            FirstRun.objects.all().delete()
        start, won = Barrier(RACERS), []

        def attempt(number: int, start: Barrier = start, won: list[int] = won) -> None:
            connection.ensure_connection()
            start.wait(30)
            try:
                add_first_administrator(
                    email=f"p{number}@lanternfield.example", name="", password="a-horse-of-glass"
                )
                won.append(number)
            except FirstRunOver:
                pass
            finally:
                connection.close()

        threads = [Thread(target=attempt, args=(number,)) for number in range(RACERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen[f"{len(won)} won, {User.objects.count()} people"] += 1
    return seen


def run_race(rounds: int, **environment: str) -> dict[str, int]:
    """The race in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.first_run_race", str(rounds)],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    print(json.dumps(race(int(sys.argv[1]))))
