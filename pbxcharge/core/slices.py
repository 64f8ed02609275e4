"""Slices as they are kept with a call: how far each reservation paid the talk, and what it held."""

import json
from dataclasses import dataclass, field
from typing import Final

from pbxcharge.core.credit_terms import Reserved

KEPT_MAX: Final = 100
"""Of a call with more slices the first fifty and the last fifty are kept."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One reservation of a call that was granted.

    Args:
        through_s: seconds of talk that are paid for from then on.
        held_micros: what is held for all of them at each level, the caller's own first.
        at_ms: when it was held, in milliseconds since the answer; None before the answer.

    `text` is the slice as it is stored.
    """

    through_s: int
    held_micros: tuple[int, ...]
    at_ms: int | None
    text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Once, and by hand: a call is written again with each of its slices.
        at_ms = "null" if self.at_ms is None else self.at_ms
        held = "".join(f"{held}," for held in self.held_micros)
        object.__setattr__(self, "text", f"[{self.through_s},{held}{at_ms}]")


Slices = tuple[Slice, ...]


def with_slice(before: Slices, reserved: Reserved, at_ms: int | None) -> Slices:
    """The slices with the one that was just granted: 60 s for 0.10, then 120 s for 0.20.

    A reservation that goes no further than the last slice is none.
    """
    if before and reserved.through_s <= before[-1].through_s:
        return before
    half = KEPT_MAX // 2
    kept = before if len(before) < KEPT_MAX else before[:half] + before[half + 1 :]
    held_micros = tuple(line.amount_micros for line in reserved.level_lines)
    return (*kept, Slice(reserved.through_s, held_micros, at_ms))


def slices_to_text(slices: Slices) -> str:
    """The slices as they are stored: [[60,100000,null],[120,200000,50000]]; none are "".

    Of each slice `through_s`, then what is held at each level, then `at_ms`.
    """
    return f"[{','.join([one.text for one in slices])}]" if slices else ""


def slices_from_text(text: str) -> Slices:
    """The slices that were stored; "" is none, as in records from before they were kept."""
    stored: list[list[int]] = json.loads(text or "[]")
    return tuple(Slice(one[0], tuple(one[1:-1]), one[-1]) for one in stored)
