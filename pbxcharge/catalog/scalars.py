"""What single values may look like: each reader takes the text as written and says what is wrong.

The readers are annotations for the models of files: `price: Price` reads "0.10" as exactly 1/10.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from pbxcharge.catalog.digit_patterns import decimal_pattern, whole_pattern
from pbxcharge.core.money import (
    DECIMALS_MAX,
    PRICE_DECIMALS_MAX,
    format_amount,
    parse_amount,
    parse_price,
)
from pbxcharge.errors import AmountError

SECONDS_MAX = 86_400
"""A day: no segment, slice or limit of a call is longer."""

Accepts = dict[str, Any]
"""What a reader takes, as JSON Schema; a file's editor sees 44 as a number and "44" as a text."""

TEXT: Accepts = {"type": "string"}

_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_SLUG_MAX = 64
_SEGMENTS = re.compile(r"([0-9]{1,5})/([0-9]{1,5})")
_WHOLE_DIGITS = 9
_WHOLE = re.compile(f"[0-9]{{1,{_WHOLE_DIGITS}}}")
_TRUTH = {"yes": True, "true": True, "no": False, "false": False}


def wrong(message: str, hint: str = "") -> PydanticCustomError:
    """The error that becomes a finding with this message and hint."""
    context = {"message": message, "hint": hint}
    return PydanticCustomError("wrong", "{message}", context)


def shown(text: str) -> str:
    """A value for a message: quoted, and never long enough to fill a screen."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


@dataclass(frozen=True, eq=False)
class Reader(BeforeValidator):
    """A reader of texts as an annotation, and what it takes."""

    accepts: Accepts | None = None

    def __get_pydantic_json_schema__(self, *_: Any) -> Accepts:
        """What an editor is told of the value, instead of the type that becomes of it."""
        return dict(self.accepts or TEXT)


def reads(read: Callable[[str], Any], accepts: Accepts = TEXT) -> Reader:
    """A reader of texts as an annotation; what is no text in a file is refused before it is asked.

    Values that no file gives (from Python) pass to the type behind the annotation.
    """

    def before(value: Any) -> Any:
        if isinstance(value, list | dict):
            raise wrong("is a list or a group, not a single value")
        return read(value) if isinstance(value, str) else value

    return Reader(before, accepts=accepts)


def whole(at_least: int, at_most: int, unit: str = "") -> Reader:
    """A whole number within bounds, such as the seconds of a slice."""
    allowed = f"write a whole number from {at_least} to {at_most}{unit and ' ' + unit}"

    def read(text: str) -> int:
        if _WHOLE.fullmatch(text) is None:
            raise wrong(f"{shown(text)} is not a whole number", allowed)
        if not at_least <= int(text) <= at_most:
            raise wrong(f"{text} is out of bounds", allowed)
        return int(text)

    pattern = re.compile(whole_pattern(at_least, at_most, _WHOLE_DIGITS))
    number = {"type": ["integer", "string"], "pattern": _anchored(pattern)}
    return reads(read, {**number, "minimum": at_least, "maximum": at_most})


def unlimited_or(reader: Reader) -> Reader:
    """A limit that may be lifted: `unlimited` reads as None, everything else as the reader does."""

    def before(value: Any) -> Any:
        if value == "unlimited":
            return None
        try:
            return reader.func(value)  # type: ignore[call-arg]
        except PydanticCustomError as error:
            context = error.context or {}
            raise wrong(context["message"], f"{context['hint']}, or unlimited") from None

    return Reader(before, accepts={"anyOf": [{"const": "unlimited"}, reader.accepts or TEXT]})


def matching(pattern: str, what: str, hint: str) -> Reader:
    """A text of a given form."""
    compiled = re.compile(pattern)

    def read(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise wrong(f"{shown(text)} is not {what}", hint)
        return text

    return reads(read, _text_or_number(compiled))


def _text_or_number(pattern: re.Pattern[str]) -> Accepts:
    """A text of this form; where digits have it, also what YAML takes for a number."""
    text = {"type": "string", "pattern": _anchored(pattern)}
    digits = any(pattern.fullmatch("4" * length) for length in (1, 2, 8))
    return {**text, "type": ["string", "integer"]} if digits else text


def _anchored(pattern: re.Pattern[str]) -> str:
    return f"^(?:{pattern.pattern})$"


def one_of(words: type[StrEnum]) -> Reader:
    """A word of an enumeration."""
    allowed = f"write {' or '.join(words)}"

    def read(text: str) -> StrEnum:
        if text not in list(words):
            raise wrong(f"{shown(text)} is not known here", allowed)
        return words(text)

    return reads(read, {"enum": [str(word) for word in words]})


def read_segments(text: str) -> tuple[int, int]:
    """A pair of charging segments: "60/6" is a first block of 60 s, then blocks of 6 s."""
    found = _SEGMENTS.fullmatch(text)
    if found is None:
        raise wrong(f"{shown(text)} is not a pair of segments", "write first/next, such as 60/6")
    first_s, next_s = int(found[1]), int(found[2])
    if not (1 <= first_s <= SECONDS_MAX and 1 <= next_s <= SECONDS_MAX):
        raise wrong(f"{text} is out of bounds", f"both segments last 1 to {SECONDS_MAX} s")
    return first_s, next_s


def _read_yes_no(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise wrong(f"{shown(text)} is neither yes nor no", "write yes or no")
    return _TRUTH[text.lower()]


def _read_amount(text: str) -> int:
    try:
        micros = parse_amount(text)
    except AmountError as error:
        raise wrong(str(error), "write an amount such as 10.00") from error
    if micros < 0:
        raise wrong(f"{format_amount(micros)} is below zero", "write 0 or more")
    return micros


def _read_price(text: str) -> Fraction:
    try:
        price = parse_price(text)
    except AmountError as error:
        raise wrong(str(error), "write a price such as 0.025") from error
    if price < 0:
        raise wrong(f"{text} is below zero", "a price that falls as the call goes on is none")
    return price


def _read_slug(text: str) -> str:
    if len(text) > _SLUG_MAX or _SLUG.fullmatch(text) is None:
        hint = f"small letters, digits and single dashes, at most {_SLUG_MAX}, such as retail-2"
        raise wrong(f"{shown(text)} is not a name", hint)
    return text


def _read_line(text: str) -> str:
    if not text.strip() or "\n" in text or len(text) > 120:
        raise wrong(f"{shown(text)} is not a line of text", "write 1 to 120 characters")
    return text.strip()


_UNITS_DIGITS = 12
"""Amounts are less than 10^12 units, or just that."""


def _decimal(decimals_max: int) -> Accepts:
    """An amount or a price as it may be written."""
    pattern = re.compile(decimal_pattern(_UNITS_DIGITS, decimals_max))
    return {"type": ["number", "string"], "minimum": 0, "pattern": _anchored(pattern)}


_TRUTHS: Accepts = {"enum": [True, False, *_TRUTH]}

amount = reads(_read_amount, _decimal(DECIMALS_MAX))
price = reads(_read_price, _decimal(PRICE_DECIMALS_MAX))
slug = reads(_read_slug, {**_text_or_number(_SLUG), "maxLength": _SLUG_MAX})

Amount = Annotated[int, amount]
"""Money of zero or more, in micro-units."""

Price = Annotated[Fraction, price]
"""A price or a percentage of zero or more, exact."""

Segments = Annotated[tuple[int, int], reads(read_segments, _text_or_number(_SEGMENTS))]
YesNo = Annotated[bool, reads(_read_yes_no, _TRUTHS)]
Slug = Annotated[str, slug]
Line = Annotated[
    str, reads(_read_line, {"type": ["string", "number"], "minLength": 1, "maxLength": 120})
]
