"""Time zones of accounts: whose clocks count where nothing is said, and where a month begins."""

from collections.abc import Iterable
from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from pbxcharge.core.account import Account
from pbxcharge.core.attempt import PayingLevel
from pbxcharge.core.instant import utc
from pbxcharge.core.limits import Limits
from pbxcharge.core.month import month_start_us

SITE_ZONE = "UTC"
"""The site's, where its settings name none."""


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tzinfo:
    """The time zone of this IANA name; empty is UTC.

    Raises:
        ValueError: there is no such zone.
    """
    try:
        return ZoneInfo(name or SITE_ZONE)
    except (OSError, KeyError, ValueError) as error:
        # A folder or a file that is none, a name that leads out of the folder, an unknown one.
        raise ValueError(f"no time zone is called {name!r}") from error


def is_zone(name: str) -> bool:
    """Whether a time zone has this name."""
    try:
        zone_of(name)
    except ValueError:
        return False
    return name != ""


def zone_name(chain: Iterable[Account], site_zone: str = SITE_ZONE) -> str:
    """Whose clocks count for an account: its own, else those of the nearest account above.

    Args:
        chain: the account and those above it, itself first.
        site_zone: where none of them has one.
    """
    return next((account.time_zone for account in chain if account.time_zone), site_zone)


def local_text(zone: tzinfo, at_us: int) -> str:
    """An instant by the clocks of a zone: `2026-05-01T00:30:00+02:00`."""
    return utc(at_us).astimezone(zone).isoformat(timespec="seconds")


def month_from_us(level: PayingLevel, limits: Limits, at_us: int) -> int | None:
    """When the month began that a level's monthly limit is for; None if it has none."""
    if limits.monthly_limit_micros is None:
        return None
    return month_start_us(zone_of(level.time_zone), at_us)
