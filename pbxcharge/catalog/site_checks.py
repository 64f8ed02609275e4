"""A plan against the site that it is for: prices that can never match, and emergency numbers."""

from collections.abc import Iterator

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_checks import written_prefixes
from pbxcharge.catalog.source import Source
from pbxcharge.core.number import NumberRule, normalise


def site_findings(
    source: Source, rules: tuple[NumberRule, ...], emergency: tuple[str, ...]
) -> Iterator[Finding]:
    """Prefixes that no number of this site has, and those that look like emergency calls."""
    public = {number: normalise(number, rules) for number in emergency}
    for path, prefix in written_prefixes(source):
        if not prefix.isascii() or not prefix.isdigit():
            continue
        if not can_match(prefix, rules):
            hint = "compare it with the rules in numbers of the settings"
            yield source.warning(path, f"no number that is dialled here begins with {prefix}", hint)
        for dialled, number in public.items():
            if prefix == dialled or (number is not None and number.startswith(prefix)):
                message = (
                    f"{prefix} is priced, but {dialled} is an emergency number and always free"
                )
                yield source.warning(path, message, f"{prefix} here means +{prefix}")


def can_match(prefix: str, rules: tuple[NumberRule, ...]) -> bool:
    """Whether some dialled string becomes a number with this prefix: 44 does by 00 → nothing."""
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
