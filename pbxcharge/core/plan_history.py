"""The history of plans: which version of each was in force when, by whose hand, and by what.

A version is planned while its instant is still to come, withdrawn if it goes before that instant;
it begins to be in force, and ends. What is stored are these steps. Everything else, such as what
is in force, follows from them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final

VERSION_DIGITS: Final = 12


def version_of(body: str) -> str:
    """The version of a plan that says this: twelve hexadecimal digits of the hash."""
    return sha256(body.encode()).hexdigest()[:VERSION_DIGITS]


class PlanTurn(StrEnum):
    """What became of a version."""

    PLANNED = "planned"
    WITHDRAWN = "withdrawn"
    BEGAN = "began"
    ENDED = "ended"


class PlanSource(StrEnum):
    """By what it came about: `plan apply`, a SIGHUP, the daemon's start, or the plan's own date."""

    APPLY = "apply"
    RELOAD = "reload"
    START = "start"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class PlanPlace:
    """A version that is in force, or to come from `effective_from_s` (UTC seconds) on."""

    plan: str
    version: str
    effective_from_s: int
    in_force: bool


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One line of the history."""

    at_us: int
    actor: str
    plan: str
    version: str
    effective_from_s: int
    what: PlanTurn
    source: PlanSource


@dataclass(frozen=True, slots=True)
class PlanSpell:
    """A version from when it was applied until it ended; None is what has not come about.

    Args:
        plan: its name.
        version: its version.
        effective_from_s: from when on its file wants it to be in force; 0 is at once.
        applied: who put it there, by what, and when.
        began: when it came into force.
        ended: when it was in force no more, or was withdrawn before it began.
    """

    plan: str
    version: str
    effective_from_s: int
    applied: PlanStep
    began: PlanStep | None = None
    ended: PlanStep | None = None


def turns(
    before: Iterable[PlanPlace], after: Iterable[PlanPlace]
) -> tuple[tuple[PlanPlace, PlanTurn], ...]:
    """What leads from some versions in force and to come to others; what ends comes first.

    Of the plan `retail`, version 1 in force, and version 2 then in its place: 1 ended, 2 began.
    What stays as it was brings nothing.
    """
    known = {(place.plan, place.version): place for place in before}
    wanted = {(place.plan, place.version): place for place in after}
    gone = [_gone(place) for key, place in known.items() if _left(place, wanted.get(key))]
    come = [_come(place) for key, place in wanted.items() if _entered(place, known.get(key))]
    return (*sorted(gone, key=_in_order), *sorted(come, key=_in_order))


def _left(place: PlanPlace, now: PlanPlace | None) -> bool:
    """What was planned and begins has not gone; what was in force and is only planned has."""
    return now is None or (place.in_force and not now.in_force)


def _entered(place: PlanPlace, before: PlanPlace | None) -> bool:
    return before is None or place.in_force != before.in_force


def _gone(place: PlanPlace) -> tuple[PlanPlace, PlanTurn]:
    return place, PlanTurn.ENDED if place.in_force else PlanTurn.WITHDRAWN


def _come(place: PlanPlace) -> tuple[PlanPlace, PlanTurn]:
    return place, PlanTurn.BEGAN if place.in_force else PlanTurn.PLANNED


def _in_order(turn: tuple[PlanPlace, PlanTurn]) -> tuple[str, int, str]:
    return turn[0].plan, turn[0].effective_from_s, turn[0].version


def spells(steps: Iterable[PlanStep]) -> tuple[PlanSpell, ...]:
    """The history as one line for each time that a version was there, the first one first."""
    found: list[PlanSpell] = []
    open_at: dict[tuple[str, str], int] = {}
    for step in steps:
        key = (step.plan, step.version)
        match step.what:
            case PlanTurn.PLANNED:
                open_at[key] = len(found)
                found.append(_spell(step))
            case PlanTurn.BEGAN if key in open_at:
                found[open_at[key]] = replace(found[open_at[key]], began=step)
            case PlanTurn.BEGAN:
                open_at[key] = len(found)
                found.append(replace(_spell(step), began=step))
            case _ if key in open_at:
                place = open_at.pop(key)
                found[place] = replace(found[place], ended=step)
    return tuple(found)


def _spell(step: PlanStep) -> PlanSpell:
    return PlanSpell(step.plan, step.version, step.effective_from_s, step)


def broken_steps(steps: Iterable[PlanStep]) -> Iterator[PlanStep]:
    """Steps that do not follow from those before: two versions in force at once, an end of none."""
    in_force: dict[str, str] = {}
    planned: set[tuple[str, str]] = set()
    for step in steps:
        key = (step.plan, step.version)
        match step.what:
            case PlanTurn.PLANNED:
                right = key not in planned and in_force.get(step.plan) != step.version
                planned.add(key)
            case PlanTurn.WITHDRAWN:
                right = key in planned
                planned.discard(key)
            case PlanTurn.BEGAN:
                right = step.plan not in in_force
                planned.discard(key)
                in_force[step.plan] = step.version
            case PlanTurn.ENDED:
                right = in_force.get(step.plan) == step.version
                in_force.pop(step.plan, None)
        if not right:
            yield step
