"""Real token flows of msal against the sandbox's login side."""

from tests.support.sandbox import sandbox

__all__ = ["sandbox"]
