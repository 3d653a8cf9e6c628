"""Starts the Chromium that is installed, quiet and without calls home."""

from playwright.sync_api import Browser, Playwright

from tests.support import services

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def launch(playwright: Playwright) -> Browser:
    """A browser; skips the test (or fails it, see services.require) when none is installed."""
    services.require("Chromium")
    return playwright.chromium.launch(
        executable_path=services.chromium_program(), args=list(_ARGUMENTS)
    )
