"""The fields of a stored record, read back exactly or refused."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

_FRACTION = re.compile(r"-?[0-9]+/[1-9][0-9]*")


def fraction_text(value: Fraction | None) -> str | None:
    """An exact fraction as it is stored: 0.10 is "1/10"."""
    return None if value is None else f"{value.numerator}/{value.denominator}"


class RecordFields:
    """Fields of a record, each taken once, by name and kind."""

    def __init__(self, record: Mapping[str, Any], subject: str) -> None:
        self._left = dict(record)
        self._subject = subject

    def take(self, name: str, kind: type) -> Any:
        """A field of exactly this kind. Raises ValueError if it is missing or of another."""
        if name not in self._left:
            raise ValueError(f"{self._subject} has no {name}")
        value = self._left.pop(name)
        # Not isinstance: JSON's true is no number of seconds, though Python calls bool an int.
        if type(value) is not kind:
            raise ValueError(f"{name} of a {self._subject} is {value!r}")
        return value

    def text(self, name: str) -> str:
        """A text."""
        return str(self.take(name, str))

    def whole(self, name: str) -> int:
        """A whole number."""
        return int(self.take(name, int))

    def whole_or_none(self, name: str) -> int | None:
        """A whole number, or null."""
        return None if self._is_none(name) else self.whole(name)

    def fraction(self, name: str) -> Fraction:
        """An exact fraction, written "n/d"."""
        text = self.text(name)
        if _FRACTION.fullmatch(text) is None:
            raise ValueError(f"{name} of a {self._subject} is {text!r}")
        return Fraction(text)

    def fraction_or_none(self, name: str) -> Fraction | None:
        """An exact fraction, or null."""
        return None if self._is_none(name) else self.fraction(name)

    def list_or_none(self, name: str) -> list[Any] | None:
        """A list, or null."""
        return None if self._is_none(name) else list(self.take(name, list))

    def list_or_empty(self, name: str) -> list[Any]:
        """A list; a missing one is empty."""
        return list(self.take(name, list)) if name in self._left else []

    def refuse_the_rest(self) -> None:
        """Raises ValueError if a field was not taken: a part of the terms is a wrong price."""
        if self._left:
            raise ValueError(f"{self._subject} has unknown {', '.join(sorted(self._left))}")

    def _is_none(self, name: str) -> bool:
        if name in self._left and self._left[name] is None:
            del self._left[name]
            return True
        return False
