"""What must hold between the rules, the emergency list and the prices of a site."""

from collections.abc import Iterator

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.core.number import NumberRule, normalise

RULES: KeyPath = ("numbers", "rules")
EMERGENCY: KeyPath = ("emergency", "numbers")
ON_NET: KeyPath = ("numbers", "on_net")


def rule_findings(source: Source, rules: tuple[NumberRule, ...]) -> Iterator[Finding]:
    """Number rules that never apply, or never give a number."""
    for place, rule in enumerate(rules):
        at = (*RULES, place)
        shadows = [other for other in rules[:place] if rule.prefix.startswith(other.prefix)]
        if shadows:
            message = f'never applies: "{shadows[0].prefix}" stands before it'
            yield source.error(at, message, "write longer prefixes first")
        if rule.strip > len(rule.prefix):
            hint = "what is stripped must be known: it is part of the prefix"
            yield source.error((*at, "strip"), "strips more than the prefix", hint)
        elif (rule.add + rule.prefix[rule.strip :]).startswith(("+", "0")):
            message = "gives numbers that begin with a plus or a zero, which no number does"
            yield source.error(
                at, message, "strip it, and add the country code where it is missing"
            )


def emergency_findings(
    source: Source, numbers: tuple[str, ...], rules: tuple[NumberRule, ...]
) -> Iterator[Finding]:
    """An emergency list that is empty, says something twice, or lacks a form that users dial."""
    if not numbers:
        yield source.warning(EMERGENCY, "is empty: no call is connected without credit")
    for place, number in enumerate(numbers):
        if number in numbers[:place]:
            yield source.error((*EMERGENCY, place), f"{number} stands twice", "keep one of them")
    for rule in rules:
        if not _outside_line(rule):
            continue
        for place, number in enumerate(numbers):
            form = rule.prefix + number
            if not number.startswith(("+", rule.prefix)) and form not in numbers:
                message = f"users dial {rule.prefix} first, but {form} is not on the list"
                hint = f"add {{dialled: {form}, sent: {number}}}"
                yield source.warning((*EMERGENCY, place), message, hint)


def on_net_findings(
    source: Source, on_net: str, rules: tuple[NumberRule, ...], emergency: tuple[str, ...]
) -> Iterator[Finding]:
    """A prefix for other organizations that is the beginning of something else."""
    for number in emergency if on_net else ():
        if number.startswith(on_net):
            message = f"{number} is an emergency number, and wins over every extension behind it"
            yield source.error(ON_NET, message, "take another prefix")
    for rule in rules if on_net else ():
        if rule.prefix.startswith(on_net):
            message = f'wins over the rule "{rule.prefix}" where a code and an extension fit'
            yield source.warning(ON_NET, message, "take a prefix that no rule begins with")


def price_findings(
    source: Source, rules: tuple[NumberRule, ...], emergency: tuple[str, ...]
) -> Iterator[Finding]:
    """Prefixes of a plan that no number of this site has, and those that look like emergencies."""
    # The forms of a plan take a tenth of a second to be made; settings are read without them.
    from pbxcharge.catalog.plan_checks import public_prefixes

    public = {number: normalise(number, rules) for number in emergency}
    for path, prefix in public_prefixes(source):
        if not (prefix.isascii() and prefix.isdigit()):
            continue
        if not can_match(prefix, rules):
            hint = "compare it with the number rules of the settings"
            yield source.warning(path, f"no number that is dialled here begins with {prefix}", hint)
        for dialled, number in public.items():
            if prefix == dialled or (number is not None and number.startswith(prefix)):
                message = f"has a price, but {dialled} is an emergency number and always free"
                yield source.warning(path, message, f"the prefix means +{prefix}")


def can_match(prefix: str, rules: tuple[NumberRule, ...]) -> bool:
    """Whether some dialled string becomes a number with this prefix.

    With the one rule "0 loses 0 and gains 44", 4420 can match and 49 cannot.
    """
    return any(_reaches(prefix, rule, rules[:place]) for place, rule in enumerate(rules))


def _reaches(prefix: str, rule: NumberRule, earlier: tuple[NumberRule, ...]) -> bool:
    stem = rule.add + rule.prefix[rule.strip :]
    if stem.startswith(prefix):
        dialled = rule.prefix
    elif prefix.startswith(stem):
        dialled = rule.prefix + prefix[len(stem) :]
    else:
        return False
    return not any(dialled.startswith(other.prefix) for other in earlier)


def _outside_line(rule: NumberRule) -> bool:
    """Whether a rule is the one digit that users dial to get a line."""
    return len(rule.prefix) == 1 and rule.prefix.isdigit() and rule.strip == 1 and not rule.add
