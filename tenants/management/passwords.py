"""How commands come to a password."""

import getpass
import sys

from django.contrib.auth.password_validation import validate_password


def ask_password() -> str:
    """Ask for it, or read a line from standard input; ValidationError where it breaks a rule."""
    asked = sys.stdin.isatty()
    password = getpass.getpass("Password: ") if asked else sys.stdin.readline().rstrip("\n")
    validate_password(password)
    return password
