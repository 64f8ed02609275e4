"""The file of a charging plan, read into the plan that calls are charged by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, tzinfo
from types import MappingProxyType

from pbxcharge.catalog.deck import Deck, DeckDefaults
from pbxcharge.catalog.decks import NO_DECKS, no_such_deck
from pbxcharge.catalog.findings import Finding, has_errors
from pbxcharge.catalog.form import read_form
from pbxcharge.catalog.gap_checks import coming_holiday_findings, gap_findings
from pbxcharge.catalog.limit_checks import limit_findings
from pbxcharge.catalog.overlap_checks import overlap_findings
from pbxcharge.catalog.plan_checks import INCOMING, PUBLIC, ROWS, plan_findings
from pbxcharge.catalog.plan_form import OWNER_SITE, Action, LimitsForm, PlanForm
from pbxcharge.catalog.plan_rates import (
    exception_rates,
    plan_rates,
    plan_rounding,
    relative_terms,
    tariffs_of,
)
from pbxcharge.catalog.plan_version import plan_version
from pbxcharge.catalog.row_checks import row_findings
from pbxcharge.catalog.source import KeyPath, Source, key_text, with_group, with_list
from pbxcharge.catalog.window_checks import holiday_findings
from pbxcharge.catalog.window_form import schedule_of
from pbxcharge.core.limits import Limits
from pbxcharge.core.plan import UNLIMITED_S, CallType, Plan, PlanDeck, PlanKind, Terms
from pbxcharge.core.tariff import NO_PREFIXES, Prefixes


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a plan file is read with, beside its own text.

    Args:
        tolerance_ms: the site's duration tolerance, which becomes part of the plan's terms.
        high_risk: destinations that the plan bars unless it says otherwise.
        zone: the local time in which dates are written.
        decks: the rate decks of the site that can be read, by name.
        deck_names: those of all its decks.
        today: the date at the site; None looks at no date.
    """

    tolerance_ms: int = 100
    high_risk: Prefixes = NO_PREFIXES
    zone: tzinfo = UTC
    decks: Mapping[str, Deck] = field(default_factory=lambda: NO_DECKS)
    deck_names: frozenset[str] = frozenset()
    today: date | None = None


def read_plan(source: Source, site: Surroundings) -> tuple[Plan | None, tuple[Finding, ...]]:
    """The plan of a file, or None if any finding is an error."""
    # One price for incoming calls is a list of one; a list of public prices is a group of rows.
    alone, written_alone = with_list(source, INCOMING)
    whole, written_as_list = with_group(alone, PUBLIC, str(ROWS[-1]))
    plan, found = _read(whole, site)
    if written_alone:
        found = tuple(_as_written(finding, (*INCOMING, 0), INCOMING) for finding in found)
    if written_as_list:
        found = tuple(_as_written(finding, ROWS, PUBLIC) for finding in found)
    return plan, found


def _as_written(finding: Finding, read: KeyPath, written: KeyPath) -> Finding:
    """A finding under the key that stands in the file, not the one that it was read as."""
    if not finding.key.startswith(key_text(read)):
        return finding
    return replace(finding, key=key_text(written) + finding.key.removeprefix(key_text(read)))


def _read(source: Source, site: Surroundings) -> tuple[Plan | None, tuple[Finding, ...]]:
    form, found = read_form(PlanForm, source, {"zone": site.zone})
    # What could not be read is named already; what follows from its absence would mislead.
    named = {finding.key for finding in found}
    also = (*plan_findings(form, source), *_deck_findings(form, source, site))
    found += tuple(finding for finding in also if finding.key not in named)
    if has_errors(found):
        return None, found
    barred = NO_PREFIXES if form.limits.high_risk else site.high_risk
    found += tuple(limit_findings(form, source, barred))
    found += tuple(holiday_findings(form, source, site.today))
    found += tuple(coming_holiday_findings(form, source, site.today))
    found += tuple(gap_findings(form, source))
    found += tuple(overlap_findings(form, source))
    found += tuple(row_findings(form, source, site.zone, site.today))
    return _plan(form, site, barred), found


def _deck_findings(form: PlanForm, source: Source, site: Surroundings) -> tuple[Finding, ...]:
    """A deck that is not there; one that is there and has errors is named for those."""
    deck = form.prices.public.deck
    if deck is None or deck in site.deck_names:
        return ()
    return (source.error((*PUBLIC, "deck"), *no_such_deck(deck, site.deck_names)),)


def _deck(form: PlanForm, site: Surroundings) -> PlanDeck | None:
    """The deck of public prices, whose rows take segments and rounding of the plan."""
    deck = site.decks.get(form.prices.public.deck or "")
    if deck is None:
        return None
    segments, rounding = form.charging_segments.outgoing, plan_rounding(form)
    table = deck.table(DeckDefaults(*segments, *rounding))
    return PlanDeck(deck.name, deck.version, segments, rounding, table)


def _plan(form: PlanForm, site: Surroundings, barred: Prefixes) -> Plan:
    plan = Plan(
        name=form.name,
        version="",
        kind=form.type,
        allowed=frozenset(kind for kind in CallType if getattr(form.allow, kind)),
        tariffs=MappingProxyType(tariffs_of(plan_rates(form))),
        initial_credit_micros=form.initial_credit.outgoing,
        credit_limit_micros=form.credit_limit,
        terms=_terms(form, site.tolerance_ms),
        limits=_limits(form.limits),
        price_per_minute_max=form.limits.price_per_minute_max,
        barred=barred,
        initial_incoming_micros=form.initial_credit.incoming,
        monthly_limit_micros=form.monthly_limit if form.type is PlanKind.POSTPAID else None,
        wallets=form.wallets,
        owner=None if form.owner == OWNER_SITE else form.owner,
        effective_from_s=form.effective_from,
        effective_until_s=form.effective_until,
        relative=MappingProxyType(relative_terms(form)),
        exceptions=MappingProxyType(tariffs_of(exception_rates(form))),
        schedule=schedule_of(form.time_windows, form.holidays),
        deck=_deck(form, site),
    )
    return replace(plan, version=plan_version(plan))


def _terms(form: PlanForm, tolerance_ms: int) -> Terms:
    out = form.out_of_credit
    return Terms(
        slice_s=form.reservation.slice_s,
        warn_before_s=out.warn_before_s,
        call_max_s=form.limits.call_max_s or UNLIMITED_S,
        tolerance_ms=tolerance_ms,
        warn_sound=out.sound,
        after=out.context if out.action is Action.CONTINUE else "",
    )


def _limits(form: LimitsForm) -> Limits:
    return Limits(
        concurrent_calls=form.concurrent_calls,
        calls_per_minute=form.calls_per_minute,
        spend_per_hour_micros=form.spend_per_hour,
        spend_per_day_micros=form.spend_per_day,
    )
