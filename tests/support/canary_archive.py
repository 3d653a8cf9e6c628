"""Prints a tenant's archive in base64: `python -m tests.support.canary_archive SLUG`."""

import base64
import os
import sys

import django


def main() -> None:
    """Write the archive as an administrator would download it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")
    django.setup()
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.urls import reverse

    from tenants.row_security import everything

    client = Client(raise_request_exception=True)
    with everything():
        client.force_login(get_user_model().objects.get(email__startswith="admin@"))
    address = reverse("offboarding_archive", args=[sys.argv[1]])
    answer = client.get(address, headers={"host": "127.0.0.1"})
    assert answer.status_code == 200, answer.status_code
    print(base64.b64encode(b"".join(answer.streaming_content)).decode())


if __name__ == "__main__":
    main()
