"""The life of an account: from what happened to it, when it had no service, and why."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pbxcharge.core.account_kinds import AccountStatus, Suspension
from pbxcharge.core.assigned import AccountStep, Turned
from pbxcharge.core.subscription import Outage
from pbxcharge.core.subscription_terms import DeadReason

_BY_STATUS: Final[Mapping[str, DeadReason]] = {
    AccountStatus.SUSPENDED: DeadReason.SUSPENDED,
    AccountStatus.BLOCKED: DeadReason.BLOCKED,
    AccountStatus.EXPIRED: DeadReason.EXPIRED,
}
"""What has no service by its status; a closed account has no subscriptions either."""

_BY_SUSPENSION: Final[Mapping[str, DeadReason]] = {
    Suspension.NO_FUNDS: DeadReason.NO_FUNDS,
    Suspension.OVERDUE: DeadReason.SUSPENDED,
}


def outages(steps: Iterable[AccountStep]) -> tuple[Outage, ...]:
    """The times without service of an account, by what became of it and of those above it.

    Blocked on the 5th, active again on the 9th: an outage of four days. One that expires on the
    20th has none until then. Outages of several accounts, or for several reasons, may overlap.

    Args:
        steps: of the account and of every account above it, in any order.
    """
    lives: dict[str, list[AccountStep]] = {}
    for step in steps:
        lives.setdefault(step.account_id, []).append(step)
    found = [each for life in lives.values() for each in _of_one(sorted(life, key=_when))]
    return tuple(sorted(found, key=lambda outage: (outage.from_us, outage.reason)))


def _of_one(life: Sequence[AccountStep]) -> Iterable[Outage]:
    yield from _spells(
        (step.at_us, _BY_STATUS.get(step.reason)) for step in life if step.what is Turned.BECAME
    )
    for suspension, reason in _BY_SUSPENSION.items():
        yield from _spells(
            (step.at_us, reason if step.what is Turned.SUSPENDED else None)
            for step in life
            if step.what in (Turned.SUSPENDED, Turned.RESUMED) and step.reason == suspension
        )
    yield from _expired([step for step in life if step.what is Turned.EXPIRES])


def _spells(turns: Iterable[tuple[int, DeadReason | None]]) -> Iterable[Outage]:
    """From instants and what counts from each on, the times in which something did."""
    since_us, reason = 0, None
    for at_us, turned in turns:
        if reason is not None and since_us < at_us:
            yield Outage(reason, since_us, at_us)
        since_us, reason = at_us, turned
    if reason is not None:
        yield Outage(reason, since_us)


def _expired(life: Sequence[AccountStep]) -> Iterable[Outage]:
    """From each expiry until it was moved or taken back."""
    for place, step in enumerate(life):
        if step.expires_at_us is None:
            continue
        end_us = life[place + 1].at_us if place + 1 < len(life) else None
        from_us = max(step.at_us, step.expires_at_us)
        if end_us is None or from_us < end_us:
            yield Outage(DeadReason.EXPIRED, from_us, end_us)


def _when(step: AccountStep) -> int:
    return step.at_us
