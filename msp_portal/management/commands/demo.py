"""The embedded portal with a demo MSP: `manage.py demo`, or `demo --once` for one round of jobs."""

import os
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

import httpx
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from msp_portal.demo import rounds, seeding
from msp_portal.demo.generator import MSP, DemoCustomer, demo_customers
from msp_portal.demo.supervisor import ChildDied, PortTaken, Supervisor, require_free
from provisioning.models import Job
from tenants.management.base import OperatorCommand
from tenants.models import User

_WORKER = (
    "-m celery --quiet -A msp_portal worker --loglevel WARNING --concurrency 2"
    " --without-gossip --without-mingle --without-heartbeat"
)
# In a container everybody is root; Celery would say so over seven lines of the log.
_ENVIRONMENT = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
_BEAT = "-m celery --quiet -A msp_portal beat --loglevel WARNING --pidfile="


class Command(OperatorCommand):
    """Starts everything an embedded portal needs, as children of this process."""

    help = "Run the portal with a demo MSP, a sandbox directory, a worker and beat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ports, and whether to stay."""
        parser.add_argument("--once", action="store_true", help="run the jobs, print, and end")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument(
            "--sandbox-port", type=int, default=int(os.environ.get("SANDBOX_PORT", "8555"))
        )
        parser.add_argument(
            "--empty", action="store_true", help="no customers and no people: begin at /first-run/"
        )
        parser.add_argument("--timeout", type=float, default=240.0, help="seconds, with --once")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the ports, prepare, start, and stay or run one round."""
        try:
            require_free(options["sandbox_port"], "SANDBOX_PORT")
            if not options["once"]:
                require_free(options["port"], "PORT")
            with Supervisor(settings.BASE_DIR, _ENVIRONMENT) as supervisor:
                self._run(supervisor, options)
        except (PortTaken, ChildDied, TimeoutError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write(
                f"\nEnded. The data stays in {settings.VAR_DIR}; `make demo` goes on from there."
            )

    def _run(self, supervisor: Supervisor, options: dict[str, Any]) -> None:
        call_command("migrate", verbosity=0)
        sandbox_url = self._start_sandbox(supervisor, options["sandbox_port"])
        if options["empty"]:
            supervisor.start("worker", _WORKER.split())
            supervisor.start("beat", _BEAT.split())
            self._serve(supervisor, options["port"], lambda url: _empty(url, sandbox_url))
            return
        customers = demo_customers()
        password = seeding.demo_password(settings.VAR_DIR)
        engineer = seeding.seed(customers, sandbox_url, password)
        supervisor.start("worker", _WORKER.split())
        supervisor.start("beat", _BEAT.split())
        if options["once"]:
            self._once(supervisor, customers, engineer, sandbox_url, options["timeout"])
        else:
            self._stay(supervisor, customers, engineer, password, options["port"])

    def _start_sandbox(self, supervisor: Supervisor, port: int) -> str:
        url = f"http://127.0.0.1:{port}"
        supervisor.start("sandbox", ["manage.py", "sandbox", "--port", str(port)])
        self._wait_for(supervisor, f"{url}/_sandbox/usage", "sandbox")
        return url

    def _once(
        self,
        supervisor: Supervisor,
        customers: tuple[DemoCustomer, ...],
        engineer: User,
        sandbox_url: str,
        timeout: float,
    ) -> None:
        known = [rounds.managed_people(customer) for customer in customers]
        jobs = rounds.run(customers, engineer, supervisor.check, timeout)
        results = [
            rounds.result(customer, job, before, sandbox_url)
            for customer, job, before in zip(customers, jobs, known, strict=True)
        ]
        supervisor.say(f"\n{rounds.table(results)}\n")
        complaints = [text for result in results for text in result.complaints]
        if complaints:
            raise CommandError("The outcome is not what it must be:\n  " + "\n  ".join(complaints))
        supervisor.say("Every figure is what it must be; calls and cost equal the sandbox's count.")

    def _stay(
        self,
        supervisor: Supervisor,
        customers: tuple[DemoCustomer, ...],
        engineer: User,
        password: str,
        port: int,
    ) -> None:
        self._hand_in(customers, engineer)
        self._serve(supervisor, port, lambda url: _welcome(customers, url, password))

    def _serve(self, supervisor: Supervisor, port: int, words: Callable[[str], str]) -> None:
        """Start the web server, say where it is, and stay until somebody ends it."""
        url = f"http://127.0.0.1:{port}"
        bind = ["-b", f"127.0.0.1:{port}", "--workers", "1", "--threads", "8"]
        gunicorn = ["-m", "gunicorn", "msp_portal.wsgi", *bind, "--log-level", "warning"]
        supervisor.start("web", gunicorn)
        self._wait_for(supervisor, f"{url}/healthz", "web server")
        supervisor.say(words(url))
        supervisor.watch()

    def _hand_in(self, customers: tuple[DemoCustomer, ...], engineer: User) -> None:
        """Upload each export that was never handed in, so that its plan waits for approval."""
        for customer in customers:
            path = settings.VAR_DIR / "exports" / f"{customer.slug}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(customer.export())
            if not Job.objects.filter(tenant__slug=customer.slug).exists():
                rounds.upload(customer, engineer)

    def _wait_for(self, supervisor: Supervisor, url: str, name: str) -> None:
        _until(lambda: _answers(url), supervisor.check, f"The {name} did not start in time.")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0).is_success
    except httpx.HTTPError:
        return False


def _until(
    true: Callable[[], bool], check: Callable[[], None], complaint: str, timeout: float = 30.0
) -> None:
    until = time.monotonic() + timeout
    while not true():
        check()
        if time.monotonic() > until:
            raise TimeoutError(complaint)
        time.sleep(0.1)


def _empty(url: str, sandbox_url: str) -> str:
    lines = [
        "",
        f"A portal without any data runs at {url}",
        "",
        f"  Begin at {url}/first-run/: it makes the first administrator.",
        f"  A sandbox for rehearsals runs at {sandbox_url}, with a page at /_sandbox/.",
        f"  Ctrl-C ends everything; the data stays in {settings.VAR_DIR}/.",
        "",
    ]
    return "\n".join(lines)


def _welcome(customers: tuple[DemoCustomer, ...], url: str, password: str) -> str:
    lines = [
        "",
        f"The portal of {MSP} runs at {url}",
        "",
        f"  Sign in with the password {password} as",
        *(f"    {role.words:18} {email}" for email, _, role in seeding.sign_ins(customers[0])),
        "",
        "  At the first start three plans wait for approval: open them as the engineer.",
        f"  The HR exports lie in {settings.VAR_DIR / 'exports'}/. Ctrl-C ends everything; the",
        f"  data stays in {settings.VAR_DIR}/.",
        "",
    ]
    return "\n".join(lines)
