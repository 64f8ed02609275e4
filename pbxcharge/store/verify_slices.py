"""Rules for what was held for a call, step by step, as its record keeps it."""

from collections.abc import Iterator
from itertools import pairwise

from pbxcharge.core.cdr import Cdr
from pbxcharge.core.slices import Slices, slices_from_text
from pbxcharge.store.finding import Finding
from pbxcharge.store.verify_rule import TAMPERED


def slice_findings(cdr: Cdr) -> Iterator[Finding]:
    """A record says how far each step went; what it was charged was held before.

    Records from before steps were kept have none, and nothing to find.
    """
    if cdr.slices and not _right(cdr):
        yield Finding(
            "slices_differ",
            "the steps of a hold rise, and the last one holds what every level was charged",
            f"call {cdr.call_id}: {cdr.slices}",
            TAMPERED,
        )


def _right(cdr: Cdr) -> bool:
    try:
        slices = slices_from_text(cdr.slices)
        return bool(slices) and _rising(slices) and _covering(slices, cdr)
    except (ValueError, TypeError, LookupError):
        return False


def _rising(slices: Slices) -> bool:
    return all(before.through_s < after.through_s for before, after in pairwise(slices))


def _covering(slices: Slices, cdr: Cdr) -> bool:
    held, last_s = slices[-1].held_micros, slices[-1].through_s
    charged = [level.charge_micros for level in cdr.levels]
    if len(held) != len(charged) or cdr.paid_s > last_s:
        return False
    return all(micros <= most for micros, most in zip(charged, held, strict=True))
