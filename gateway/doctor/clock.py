"""Whether this machine's clock agrees with those of the services: tokens, grants and seals end by it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, cannot_tell, ok, warning
from gateway.doctor.web import Page
from gateway.settings import endpoint_of

NAME = "clock"
ALLOWED = 5.0
"""Seconds."""


async def check(bench: Bench) -> list[Finding]:
    """One finding for the vault, one for the evidence's storage."""
    settings = bench.settings
    asked = {"Key Vault": f"{settings.key_vault}/secrets"} if settings.key_vault else {}
    asked["storage"] = endpoint_of(settings.evidence, "table")
    return [_compared(service, await bench.get(url, is_read=False), bench.now()) for service, url in asked.items()]


def _compared(service: str, page: Page, now: datetime) -> Finding:
    try:
        theirs = parsedate_to_datetime(page.date).astimezone(UTC)
    except ValueError:
        return cannot_tell(
            NAME, f"{service} tells no time ({page.why or page.status})", "First mend what is not reached."
        )
    # The header has whole seconds.
    apart = max(abs((now - theirs).total_seconds()) - 1, 0)
    if apart > ALLOWED:
        do = "Set this machine's clock by NTP; in Azure the platform does, so compare who asks."
        return warning(NAME, f"{apart:.0f} seconds apart from {service}", do)
    return ok(NAME, f"no more than {ALLOWED:.0f} seconds apart from {service}")
