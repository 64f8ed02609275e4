"""Answers about the versions of charging plans: who applied them, when, and what they say."""

from pbxcharge.api.desk import Desk, declined
from pbxcharge.api.documents import Document, instant
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import Plan
from pbxcharge.core.plan_history import PlanPlace, PlanSpell, PlanTurn, spells
from pbxcharge.errors import ActDeclined
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.plan_record import body_of, places_of
from pbxcharge.flow.versions import local_time


async def history(desk: Desk, name: str | None = None) -> Document:
    """Every version of one plan, or of all: who applied it, and when it was in force."""
    found = spells(await desk.queries.plans.steps(name))
    if name is not None and not found:
        raise unknown_plan(name)
    return {"history": [_spell(desk, spell) for spell in found]}


async def places(desk: Desk) -> Document:
    """The versions that are in force and to come.

    The daemon knows; without it they are those that were in force last, whatever the files say.
    """
    return {"plans": [_place(place) for place in await _known(desk)]}


async def version(desk: Desk, name: str, version: str | None = None) -> Document:
    """What a version of a plan says; without one that in force. Its beginning is enough."""
    known = [place for place in await _known(desk) if place.plan == name]
    if version is None:
        wanted = [place.version for place in known if place.in_force]
    else:
        kept = await desk.queries.plans.versions(name, version)
        wanted = sorted({*kept, *(it.version for it in known if it.version.startswith(version))})
    if len(wanted) != 1:
        raise await _not_one(desk, name, version, wanted)
    return {"plan": name, "version": wanted[0], "body": await _body(desk, name, wanted[0])}


def unknown_plan(name: str) -> ActDeclined:
    """No version of such a plan was ever in force."""
    return declined(Refusal.UNKNOWN_PLAN, f"no plan {name!r} was ever in force")


async def _known(desk: Desk) -> list[PlanPlace]:
    if desk.reload is not None:
        return [*_in_memory(desk)]
    return await desk.queries.plans.places()


def _in_memory(desk: Desk) -> dict[PlanPlace, Plan]:
    return dict(places_of(desk.prices, Clock().wall_us() // MICROS))


async def _body(desk: Desk, name: str, version: str) -> str:
    """From the books; or made anew, for one that is in force and not written yet."""
    kept = await desk.queries.plans.body(name, version)
    if kept is not None:
        return kept
    plans = _in_memory(desk).items()
    plan = next(it for place, it in plans if (place.plan, place.version) == (name, version))
    return await body_of(plan)


async def _not_one(desk: Desk, name: str, version: str | None, found: list[str]) -> ActDeclined:
    if found:
        message = f"several versions of {name} begin so, write more of one: {', '.join(found)}"
        return declined(Refusal.UNKNOWN_PLAN, message)
    if not await desk.queries.plans.versions(name):
        return unknown_plan(name)
    if version is None:
        message = f"no version of plan {name!r} is in force; name one of `plan history {name}`"
        return declined(Refusal.UNKNOWN_PLAN, message)
    message = f"plan {name!r} has no version {version!r}; see `pbxcharge plan history {name}`"
    return declined(Refusal.UNKNOWN_PLAN, message)


def _place(place: PlanPlace) -> Document:
    return {
        "plan": place.plan,
        "version": place.version,
        "effective_from_s": place.effective_from_s,
        "in_force": place.in_force,
    }


def _spell(desk: Desk, spell: PlanSpell) -> Document:
    applied, began, ended, from_s = spell.applied, spell.began, spell.ended, spell.effective_from_s
    return {
        "plan": spell.plan,
        "version": spell.version,
        "state": _state(spell),
        "from": instant(began.at_us if began else None),
        "until": instant(ended.at_us if ended else None),
        "effective_from": local_time(from_s, desk.prices.zone) if from_s else None,
        "applied_at": instant(applied.at_us),
        "applied_by": applied.actor,
        "applied_through": str(applied.source),
        "ended_by": ended.actor if ended else None,
        "ended_through": str(ended.source) if ended else None,
    }


def _state(spell: PlanSpell) -> str:
    if spell.ended is not None:
        return "withdrawn" if spell.ended.what is PlanTurn.WITHDRAWN else "past"
    return "in_force" if spell.began else "to_come"
