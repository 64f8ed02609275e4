"""Numbers: what was dialled, made into the one form that is both rated and dialled."""

from dataclasses import dataclass

E164_DIGITS_MIN = 7
E164_DIGITS_MAX = 15
DIALLED_MAX = 32
"""Characters: no dialling plan needs more, and longer strings are never numbers."""

_DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How one way of dialling becomes E.164: `0044…` loses `00`; `020…` loses `0` and gains `44`.

    Args:
        prefix: what the dialled string starts with.
        strip: how many leading characters are removed.
        add: digits put in front of the rest.
    """

    prefix: str
    strip: int
    add: str


@dataclass(frozen=True, slots=True)
class Numbering:
    """How this site dials.

    Args:
        rules: how dialled strings become E.164.
        on_net: what is dialled before the code and the extension number of another organization;
            empty if nobody can.
        home: leading digits of numbers that are not international; none where nobody says so.
    """

    rules: tuple[NumberRule, ...] = ()
    on_net: str = ""
    home: tuple[str, ...] = ()


def digits_of(sent: str) -> str | None:
    """The digits of a number as a trunk sends it, without a plus; None if it is no number."""
    digits = sent.removeprefix("+")
    plain = digits and len(sent) <= DIALLED_MAX and _DIGITS.issuperset(digits)
    return digits if plain else None


def normalise(dialled: str, rules: tuple[NumberRule, ...]) -> str | None:
    """E.164 digits without the plus, by the first rule whose prefix fits, or None.

    `00442079460000` with the rule (`00`, strip 2) is `442079460000`. A string with anything but
    ASCII digits after an optional leading plus is no number: letters, Arabic digits, `;ext=` and
    separators are refused, never repaired, since the number rated must be the number dialled.
    """
    if digits_of(dialled) is None:
        return None
    for rule in rules:
        if dialled.startswith(rule.prefix):
            number = rule.add + dialled[rule.strip :]
            return number if is_e164(number) else None
    return None


def is_e164(number: str) -> bool:
    """Whether digits may be a full international number: 7 to 15, the first one not 0."""
    return (
        E164_DIGITS_MIN <= len(number) <= E164_DIGITS_MAX
        and _DIGITS.issuperset(number)
        and not number.startswith("0")
    )
