"""Seal every stored value with the first key of the ring: `manage.py rotate_keys [--check]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tenants import vault
from tenants.management.base import OperatorCommand
from tenants.services import keys


class Command(OperatorCommand):
    """May be interrupted and repeated, and run while the portal works."""

    help = "Seal every stored value with the first key of the ring, so that others can be dropped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Rotate, only look, or give a lost key up."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--check", action="store_true", help="say how many values need which key")
        what.add_argument("--give-up", metavar="NAME", help="start without a key that is lost")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate and say what needs which key then."""
        if name := options["give_up"]:
            self._give_up(name)
            return
        unreadable = 0 if options["check"] else self._rotate()
        self._say_what_is_needed()
        if unreadable:
            raise CommandError(
                f"{unreadable} values could not be opened and stay as they are; for a lost key see"
                " the README, section on secrets.",
                returncode=2,
            )

    def _give_up(self, name: str) -> None:
        if name in vault.key_names():
            raise CommandError(f"The ring holds {name!r}; take it out first.")
        if not keys.give_up(name):
            raise CommandError(f"Nothing was ever sealed with a key named {name!r}.")
        self.stdout.write(f"The portal starts without {name}. What it sealed cannot be read.")

    def _rotate(self) -> int:
        if lost := [key for key in keys.lost_keys() if key.replaced]:
            raise CommandError(" ".join([*map(str, lost), keys.ADVICE]))
        keys.note_keys()
        found: dict[str, keys.Rotated] = {}
        for done in keys.rotate():
            found[done.field] = done
        for done in found.values():
            self.stdout.write(
                f"{done.field}: {done.resealed:,} sealed anew, {done.changed_meanwhile:,} written"
                f" meanwhile, {done.unreadable:,} not readable"
            )
        keys.note_rotation(list(found.values()))
        return sum(done.unreadable for done in found.values())

    def _say_what_is_needed(self) -> None:
        found = keys.under_keys()
        ring = vault.key_names()
        for name in [*dict.fromkeys(name for counts in found.values() for name in counts)]:
            total = sum(counts.get(name, 0) for counts in found.values())
            if name == keys.OTHER and not total:
                continue
            each = ", ".join(f"{n[name]:,} in {field}" for field, n in found.items() if n[name])
            standing = _standing(name, ring, total)
            self.stdout.write(f"{name}: {total:,} values{f' ({each})' if each else ''}; {standing}")


def _standing(name: str, ring: list[str], total: int) -> str:
    if name not in ring:
        return "not in the ring" + (", so they cannot be read" if total else "")
    if name == ring[0]:
        return "seals from now on"
    return "still needed" if total else "may be dropped from the ring"
