"""Exceptions of a plan: each for some calls, with one price or none, and not twice."""

from collections.abc import Iterator

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.plan_rates import exception_prefixes
from pbxcharge.catalog.price_form import ExceptionForm, PriceForm, RateStatus
from pbxcharge.catalog.source import Group, KeyPath, Source, child
from pbxcharge.core.plan import CallType

EXCEPTIONS: KeyPath = ("exceptions",)

_TARGETS = ("prefixes", "caller_prefixes", "call_type")
_WITH_MULTIPLIER = frozenset(
    {
        *("destination", "multiplier", "adjustment", "segments", "rounding"),
        *("effective_from", "effective_until", *_TARGETS),
    }
)


def exception_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """What is wrong with single exceptions, and among them."""
    for place, row in enumerate(form.exceptions):
        at = (*EXCEPTIONS, place)
        node = source.at(at)
        if isinstance(node, Group):
            yield from _target_findings(node, source, at)
            yield from _terms_findings(row, node, source, at)
            yield from _unused(row, form, source, at)
    yield from _twice(form, source)


def at_once(one: PriceForm, other: PriceForm) -> bool:
    """Whether two prices are in effect at the same time, at any time."""
    ends = [
        float("inf") if it.effective_until is None else it.effective_until for it in (one, other)
    ]
    return one.effective_from < ends[1] and other.effective_from < ends[0]


def _target_findings(node: Group, source: Source, at: KeyPath) -> Iterator[Finding]:
    named = [key for key in _TARGETS if key in node.entries]
    if not named:
        hint = "write prefixes, caller_prefixes, or call_type: local"
        yield source.error(at, "is for no calls", hint)
    for key in named[1:]:
        message = f"stands beside {named[0]}"
        yield source.error((*at, key), message, "write two exceptions")


def _terms_findings(
    row: ExceptionForm, node: Group, source: Source, at: KeyPath
) -> Iterator[Finding]:
    if child(node, "multiplier") is None:
        if child(node, "adjustment") is not None:
            hint = "write multiplier: 1 beside it"
            yield source.error((*at, "adjustment"), "is not used without a multiplier", hint)
        return
    for key in node.entries:
        if key not in _WITH_MULTIPLIER and key in ExceptionForm.model_fields:
            message = "is not used with a multiplier"
            yield source.error((*at, key), message, "keep one of them")


def _unused(row: ExceptionForm, form: PlanForm, source: Source, at: KeyPath) -> Iterator[Finding]:
    kinds = {call_type for call_type, _ in exception_prefixes(row)}
    for call_type in sorted(kind for kind in kinds if not getattr(form.allow, kind)):
        if row.status is RateStatus.OPEN:
            spoken = call_type.replace("_", " ")
            message = f"never counts: {spoken} calls are not allowed"
            yield source.warning(at, message, f"write allow: {{{call_type}: yes}}, or remove it")


def _twice(form: PlanForm, source: Source) -> Iterator[Finding]:
    known: dict[tuple[CallType, str], list[int]] = {}
    for place, row in enumerate(form.exceptions):
        for target in exception_prefixes(row):
            earlier = known.setdefault(target, [])
            for other in earlier:
                if at_once(form.exceptions[other], row):
                    line = source.line((*EXCEPTIONS, other))
                    message = f"{target[1]} has two exceptions at once, the first in line {line}"
                    yield source.error((*EXCEPTIONS, place), message, "keep one of them")
                    break
            earlier.append(place)
