"""When an account had no service: from what became of it and of those above."""

import pytest

from pbxcharge.core.account_life import outages
from pbxcharge.core.assigned import AccountStep, Turned
from pbxcharge.core.subscription import Outage
from pbxcharge.core.subscription_terms import DeadReason


def step(
    at_us: int, what: str, reason: str = "", expires_us: int | None = None, account: str = "alice"
) -> AccountStep:
    """What happened to an account."""
    return AccountStep(account, at_us, Turned(what), reason, expires_us, "uid:0")


LIVES = {
    "nothing ever happened": ([], []),
    "blocked for a while": (
        [step(5, "became", "blocked"), step(9, "became", "active")],
        [Outage(DeadReason.BLOCKED, 5, 9)],
    ),
    "blocked, then only suspended": (
        [step(5, "became", "blocked"), step(9, "became", "suspended")],
        [Outage(DeadReason.BLOCKED, 5, 9), Outage(DeadReason.SUSPENDED, 9)],
    ),
    "without funds, written late": (
        [step(9, "resumed", "no_funds"), step(5, "suspended", "no_funds")],
        [Outage(DeadReason.NO_FUNDS, 5, 9)],
    ),
    "overdue is suspended": (
        [step(5, "suspended", "overdue"), step(6, "resumed", "no_funds")],
        [Outage(DeadReason.SUSPENDED, 5)],
    ),
    "to expire, and not any more": (
        [step(5, "expires", expires_us=20), step(9, "expires")],
        [],
    ),
    "expired, then prolonged": (
        [step(5, "expires", expires_us=20), step(30, "expires", expires_us=40)],
        [Outage(DeadReason.EXPIRED, 20, 30), Outage(DeadReason.EXPIRED, 40)],
    ),
    "to have expired before it was said": (
        [step(5, "expires", expires_us=1)],
        [Outage(DeadReason.EXPIRED, 5)],
    ),
    "closed for good": ([step(5, "became", "closed")], []),
    "its organization too": (
        [
            step(5, "became", "blocked"),
            step(6, "became", "suspended", account="acme"),
            step(7, "became", "active"),
        ],
        [Outage(DeadReason.BLOCKED, 5, 7), Outage(DeadReason.SUSPENDED, 6)],
    ),
}


@pytest.mark.parametrize("name", LIVES)
def test_a_life_has_these_outages(name: str) -> None:
    """Each from its instant until what ended it, or open."""
    steps, found = LIVES[name]
    assert list(outages(steps)) == found
