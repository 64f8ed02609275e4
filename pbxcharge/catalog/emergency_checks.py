"""Emergency numbers against everything else that a site does with numbers.

The list comes first, so none of this is refused or charged; but each says that somebody thought
of another number, or that a slip in the list would be a call that is refused or paid for.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.site_checks import EMERGENCY, RULES, can_match
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.catalog.trunk_form import ROUTES, RouteSettings
from pbxcharge.core.number import NumberRule, normalise

EVERYWHERE: Final = ("112", "911", "999")
"""What people dial who do not know the number of the country that they are in."""
_EUROPE: Final = ("112",)
BY_COUNTRY: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("30", "31", "32", "33", "34", "36", "39", "40", "45", "46"), _EUROPE),
    **dict.fromkeys(("351", "352", "354", "356", "357", "358", "359", "370", "371"), _EUROPE),
    **dict.fromkeys(("372", "385", "386", "420", "421", "7", "90", "91"), _EUROPE),
    **{"1": ("911",), "52": ("911",), "44": ("999", "112"), "353": ("999", "112")},
    **{"41": ("112", "117", "118", "144"), "43": ("112", "133", "144")},
    **{"47": ("112", "110", "113"), "48": ("112",), "49": ("112", "110")},
    **{"61": ("000",), "64": ("111",), "65": ("999", "995"), "852": ("999",)},
    **{"81": ("110", "119"), "82": ("112", "119"), "86": ("110", "119", "120")},
    **{"27": ("10111", "112"), "55": ("190", "192", "193"), "971": ("999", "998")},
}
"""By country code, the numbers of police, fire brigade or ambulance that many people know."""


def caught_findings(
    source: Source,
    emergency: Sequence[str],
    rules: tuple[NumberRule, ...],
    routes: Sequence[RouteSettings],
) -> Iterator[Finding]:
    """Rules and routes that would take an emergency number if the list did not come first."""
    public = {number: normalise(number, rules) for number in emergency}
    for place, number in enumerate(emergency):
        if (becomes := public[number]) is not None:
            rule = next(it for it, rule in enumerate(rules) if number.startswith(rule.prefix))
            line = source.line((*RULES, rule))
            message = f"{number} would be the public number {becomes} by the rule in line {line}"
            hint = "it is free and connected as long as it is on this list, in every form dialled"
            yield source.warning((*EMERGENCY, place), message, hint)
    for at, prefix in _prefixes(routes):
        for number, becomes in public.items():
            if prefix == number or (becomes or "").startswith(prefix):
                message = f"{number} is an emergency number, and goes by emergency.dial alone"
                yield source.warning(at, message, f"the prefix means +{prefix}")
        if not can_match(prefix, rules):
            message = f"no number that is dialled here begins with {prefix}"
            yield source.warning(at, message, "compare it with numbers.rules")


def missing_findings(
    source: Source, emergency: Sequence[str], rules: tuple[NumberRule, ...]
) -> Iterator[Finding]:
    """Emergency numbers of the country, and those that everybody knows, which are not listed.

    The country is the one whose code a rule adds. Its numbers count as listed if one of them is.
    A number that everybody knows is told only where a rule makes it a call that somebody pays.
    """
    if not emergency:
        return
    for code, numbers in _countries(rules).items():
        if not set(numbers) & set(emergency):
            message = f"has no emergency number of the country code {code}: {', '.join(numbers)}"
            yield source.warning(EMERGENCY, message, "add them, in every form that users dial")
    for number in EVERYWHERE:
        becomes = None if number in emergency else normalise(number, rules)
        if becomes is not None:
            message = f"{number} is not listed, and is dialled as the public number {becomes}"
            yield source.warning(EMERGENCY, message, f"add {number}: people dial it for help")


def _countries(rules: Sequence[NumberRule]) -> dict[str, tuple[str, ...]]:
    """The countries whose code a rule adds, with their numbers."""
    added = [rule.add for rule in rules if rule.add]
    return {
        code: numbers
        for code, numbers in BY_COUNTRY.items()
        if any(digits.startswith(code) for digits in added)
    }


def _prefixes(routes: Sequence[RouteSettings]) -> Iterator[tuple[KeyPath, str]]:
    for place, route in enumerate(routes):
        for position, prefix in enumerate(route.prefixes):
            yield (*ROUTES, place, "prefixes", position), prefix
