"""Time zones of accounts: their own, or those of the nearest account above."""

from dataclasses import replace

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.attempt import PayingLevel
from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.flow.zones import is_zone, month_from_us, zone_name

ALICE = Account("alice", AccountKind.USER, "acme", "Alice", None, AccountStatus.ACTIVE)
ACME = replace(ALICE, account_id="acme", kind=AccountKind.ORGANIZATION, parent_id=None)
BERLIN = "Europe/Berlin"


def test_the_nearest_time_zone_counts() -> None:
    """Alice's own, else her organization's, else the site's."""
    acme = replace(ACME, time_zone=BERLIN)
    assert zone_name((replace(ALICE, time_zone="Asia/Tokyo"), acme)) == "Asia/Tokyo"
    assert zone_name((ALICE, acme)) == BERLIN
    assert zone_name((ALICE, ACME), "America/Lima") == "America/Lima"


@pytest.mark.parametrize("name", ["", "Europe/Berln", "Europe", "../etc/passwd", "a\0b", "/etc"])
def test_what_is_no_zone_is_told(name: str) -> None:
    """A folder, a file elsewhere, an unknown name."""
    assert not is_zone(name)


def test_a_month_is_asked_for_only_where_there_is_a_monthly_limit() -> None:
    """On 1 January in Tokyo it is still December in UTC."""
    tokyo = PayingLevel("alice", "alice:outgoing", "Asia/Tokyo")
    new_year_us = 1_767_193_200_000_000
    assert month_from_us(tokyo, UNLIMITED, new_year_us) is None
    monthly = Limits(monthly_limit_micros=1)
    assert month_from_us(tokyo, monthly, new_year_us) == new_year_us
    assert month_from_us(replace(tokyo, time_zone=""), monthly, new_year_us) < new_year_us  # type: ignore[operator]
