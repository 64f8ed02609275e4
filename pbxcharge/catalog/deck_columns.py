"""The columns of a rate deck: what may stand in each of them, and what a row means by it.

A cell that is empty says nothing: the terms have their defaults. What the rest of a row says, apart
from its prefix, its destination and its dates, are its terms; most rows of a deck share theirs.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import PydanticCustomError

from pbxcharge.catalog.scalars import (
    SECONDS_MAX,
    TEXT,
    Accepts,
    Reader,
    amount,
    one_of,
    price,
    shown,
    whole,
    wrong,
)
from pbxcharge.core.money import DECIMALS_MAX, Rounding, format_amount
from pbxcharge.core.number import E164_DIGITS_MAX
from pbxcharge.core.price import MaximumThen

PREFIX, DESTINATION, PRICE = "prefix", "destination", "price_per_minute"
STATUS, FORBIDDEN = "status", "forbidden"
FROM, UNTIL = "effective_from", "effective_until"
REQUIRED: Final = (PREFIX, PRICE)

Terms = Mapping[str, Any]
"""What a row says of its price, by the names of Rate's fields; what it does not say is left out."""

_DIGITS = f"[1-9][0-9]{{0,{E164_DIGITS_MAX - 1}}}"
PREFIX_PATTERN: Final = f"{_DIGITS}|@local|@extended_local|@incoming(?::{_DIGITS})?"
_PREFIX = re.compile(PREFIX_PATTERN)
_LIKE_A_FLOAT = re.compile(r"[0-9.,]+[eE]\+?[0-9]+")
DESTINATION_CHARACTERS_MAX: Final = 120


class _Status(StrEnum):
    OPEN = "open"
    FORBIDDEN = FORBIDDEN


_FIELDS: Final[Mapping[str, tuple[str, Reader]]] = MappingProxyType(
    {
        PRICE: (PRICE, price),
        "connect_fee": ("connect_fee_micros", amount),
        "first_s": ("first_s", whole(1, SECONDS_MAX, "s")),
        "next_s": ("next_s", whole(1, SECONDS_MAX, "s")),
        "first_price_per_minute": ("first_price_per_minute", price),
        "first_amount": ("first_amount_micros", amount),
        "free_seconds": ("free_s", whole(0, SECONDS_MAX, "s")),
        "grace_seconds": ("grace_s", whole(0, SECONDS_MAX, "s")),
        "minimum_charge": ("minimum_charge_micros", amount),
        "maximum_charge": ("maximum_charge_micros", amount),
        "maximum_then": ("maximum_then", one_of(MaximumThen)),
        "surcharge_percent": ("surcharge_percent", price),
        STATUS: ("forbidden", one_of(_Status)),
        "rounding": ("rounding", one_of(Rounding)),
        "rounding_decimals": ("rounding_decimals", whole(0, DECIMALS_MAX)),
    }
)
"""Each column of terms with the field of Rate that it becomes, and its reader."""

TERMS_ACCEPT: Final[Mapping[str, Accepts]] = MappingProxyType(
    {column: reader.accepts or TEXT for column, (_, reader) in _FIELDS.items()}
)
"""What each column of terms takes, as JSON Schema."""

COLUMNS: Final = (PREFIX, DESTINATION, *_FIELDS, FROM, UNTIL)
ALSO_CALLED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("code", "dial_code", "area_code", "number"), PREFIX),
        **dict.fromkeys(("name", "country", "description", "region"), DESTINATION),
        **dict.fromkeys(("price", "rate", "price_per_min", "rate_per_minute", "cost"), PRICE),
        **dict.fromkeys(("setup_fee", "connection_fee", "setup"), "connect_fee"),
        **dict.fromkeys(("first", "initial_increment", "minimum_duration"), "first_s"),
        **dict.fromkeys(("next", "increment", "interval"), "next_s"),
        **dict.fromkeys(("valid_from", "effective", "effective_date", "start_date"), FROM),
        **dict.fromkeys(("valid_until", "end_date", "expires"), UNTIL),
    }
)
"""What others call our columns: for hints alone, since a guess would be a guessed price."""

Problem = tuple[str, str, str]
"""A column, what is wrong there, and what to write instead."""


def header_problems(names: tuple[str, ...]) -> Iterator[Problem]:
    """Columns that are unknown, named twice, or missing."""
    for place, name in enumerate(names):
        if name not in COLUMNS:
            yield name, "is not a column of a rate deck", _nearest(name)
        elif name in names[:place]:
            yield name, "is named twice in the header", "keep one of the columns"
    for name in REQUIRED:
        if name not in names:
            yield name, "is missing in the header", "the first line names the columns"


def _nearest(name: str) -> str:
    meant = ALSO_CALLED.get(name) or next(iter(get_close_matches(name, COLUMNS, 1)), None)
    if meant is None:
        meant = next((one for one in COLUMNS if len(name) > 2 and name in one), None)
    return f"did you mean {meant}?" if meant else f"columns are {', '.join(COLUMNS)}"


def is_prefix(text: str) -> bool:
    """Whether a text is leading digits of E.164, or a pseudo-destination."""
    return _PREFIX.fullmatch(text) is not None


def prefix_problem(prefix: str) -> tuple[str, str]:
    """What is wrong with a text that is no prefix, and what to write instead."""
    if not prefix:
        return "is missing", "write leading digits of the full international number, such as 44"
    hint = "leading digits of the full international number without plus or zeros, such as 44"
    if _LIKE_A_FLOAT.fullmatch(prefix):
        hint = "the spreadsheet has rounded it: make the column text, and write it anew"
    elif prefix.startswith("@"):
        hint = "write @local, @extended_local, @incoming, or @incoming:44"
    return f"{shown(prefix)} is not a prefix", hint


def destination_problem(text: str) -> tuple[str, str] | None:
    """What is wrong with the name of a destination."""
    if len(text) > DESTINATION_CHARACTERS_MAX or not text.isprintable():
        return (
            f"{shown(text)} is not a name",
            f"write at most {DESTINATION_CHARACTERS_MAX} characters",
        )
    return None


class TermsReader:
    """Reads the cells of terms; each distinct text of a column once.

    Args:
        names: the columns of the file that are terms, in their order.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._known: dict[tuple[str, str], Any] = {}

    def read(self, cells: tuple[str, ...]) -> tuple[Terms, tuple[Problem, ...]]:
        """The terms of a row without what cannot be read, and everything that is wrong."""
        terms: dict[str, Any] = {}
        found: list[Problem] = []
        for name, text in zip(self._names, cells, strict=True):
            if not text:
                continue
            value = self._value(name, text)
            if isinstance(value, _Unread):
                found.append((name, value.message, value.hint))
            else:
                terms[_FIELDS[name][0]] = value
        if not found:
            found += _contradictions(terms)
        return terms, tuple(found)

    def _value(self, name: str, text: str) -> Any:
        known = (name, text)
        if known not in self._known:
            if len(self._known) > _KNOWN_MAX:
                self._known.clear()
            self._known[known] = _read(name, text)
        return self._known[known]


_KNOWN_MAX = 200_000


class _Unread:
    """A cell that cannot be read, and why."""

    def __init__(self, message: str, hint: str) -> None:
        self.message, self.hint = message, hint


def _read(name: str, text: str) -> Any:
    try:
        if "," in text and name != DESTINATION:
            raise wrong(f"{shown(text)} is not a number", "write a point: 0.10, not 0,10")
        value = _FIELDS[name][1].func(text)  # type: ignore[call-arg]
    except PydanticCustomError as error:
        context = error.context or {}
        return _Unread(context["message"], context["hint"])
    return value is _Status.FORBIDDEN if isinstance(value, _Status) else value


def _contradictions(terms: dict[str, Any]) -> Iterator[Problem]:
    """What must hold between the terms of a row."""
    if PRICE not in terms and not terms.get("forbidden"):
        yield PRICE, "is missing", "write the price (0 is free), or the status forbidden"
    for given, missing in (("first_s", "next_s"), ("next_s", "first_s")):
        if given in terms and missing not in terms:
            yield missing, f"is missing beside {given}", "segments are a pair, such as 60 and 6"
    if "first_amount_micros" in terms and "first_price_per_minute" in terms:
        yield "first_amount", "stands beside first_price_per_minute", "keep one of them"
    if "maximum_then" in terms and "maximum_charge_micros" not in terms:
        yield "maximum_charge", "is missing beside maximum_then", "write the amount"
    least, most = terms.get("minimum_charge_micros", 0), terms.get("maximum_charge_micros")
    if most is not None and least > most:
        message = f"the minimum charge {format_amount(least)} is above the maximum charge"
        yield "minimum_charge", f"{message} {format_amount(most)}", ""


def terms_to_text(terms: Terms) -> str:
    """Terms as a text that is the same for the same terms: 0.1 and 0.10 are one price."""
    return ";".join(f"{name}={_text(terms[name])}" for name in sorted(terms) if _says(terms, name))


def _says(terms: Terms, name: str) -> bool:
    """Whether a field says anything: a price of an open row does, a fee of zero does not."""
    value = terms[name]
    return name in _KEPT_AT_ZERO or bool(value)


_KEPT_AT_ZERO: Final = frozenset(
    {
        "first_price_per_minute",
        "first_amount_micros",
        "maximum_charge_micros",
        "maximum_then",
        "rounding",
        "rounding_decimals",
    }
)


def _text(value: Any) -> str:
    return f"{value.numerator}/{value.denominator}" if isinstance(value, Fraction) else str(value)


def terms_from_text(text: str) -> dict[str, Any]:
    """The terms that `terms_to_text` wrote, ready for a Rate."""
    terms: dict[str, Any] = {PRICE: Fraction(0)}
    for part in filter(None, text.split(";")):
        name, _, value = part.partition("=")
        terms[name] = _KINDS[name](value)
    return terms


def _fraction(text: str) -> Fraction:
    numerator, _, denominator = text.partition("/")
    return Fraction(int(numerator), int(denominator))


_KINDS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {
        **dict.fromkeys((field for field, _ in _FIELDS.values()), int),
        **dict.fromkeys((PRICE, "first_price_per_minute", "surcharge_percent"), _fraction),
        "maximum_then": MaximumThen,
        "rounding": Rounding,
        "forbidden": lambda text: text == "True",
    }
)
