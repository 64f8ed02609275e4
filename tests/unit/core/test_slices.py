"""The slices of a call, as they are kept for those who ask how it was held."""

from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.credit import HoldLine, Reserved
from pbxcharge.core.slices import (
    KEPT_MAX,
    Slice,
    Slices,
    slices_from_text,
    slices_to_text,
    with_slice,
)

AMOUNTS = st.integers(0, 10**18)
SLICES = st.builds(
    Slice,
    st.integers(0, 10**6),
    st.lists(AMOUNTS, min_size=1, max_size=4).map(tuple),
    st.none() | st.integers(0, 10**9),
)


def reserved(through_s: int, *held_micros: int) -> Reserved:
    """What the engine answers for a slice."""
    lines = tuple(HoldLine(f"w{place}", held) for place, held in enumerate(held_micros))
    return Reserved("a", 1, through_s, lines, short=False)


def many(count: int) -> Slices:
    """So many slices of 10 s."""
    kept: Slices = ()
    for number in range(1, count + 1):
        kept = with_slice(kept, reserved(number * 10, number), number)
    return kept


def test_slices_are_written_with_what_each_level_held() -> None:
    """60 s before the answer, 120 s 50 s after it; two levels hold."""
    kept = with_slice((), reserved(60, 100_000, 50_000), None)
    kept = with_slice(kept, reserved(120, 200_000, 100_000), 50_000)
    assert slices_to_text(kept) == "[[60,100000,50000,null],[120,200000,100000,50000]]"


def test_a_reservation_that_goes_no_further_is_no_slice() -> None:
    """A repeated question is answered by what is held."""
    kept = with_slice((), reserved(60, 100_000), None)
    assert with_slice(kept, reserved(60, 100_000), 3) == kept


def test_of_a_long_call_the_first_and_the_last_slices_are_kept() -> None:
    """Of 1000 the first fifty and the last fifty: a call does not grow for ever."""
    ends = [one.through_s for one in many(1000)]
    half = KEPT_MAX // 2
    assert ends == [*range(10, 10 * half + 1, 10), *range(10_010 - 10 * half, 10_001, 10)]


@given(st.lists(SLICES, max_size=5).map(tuple))
def test_slices_come_back_as_they_were(kept: Slices) -> None:
    """Whatever they hold; no slices are the empty text of records that never had any."""
    assert slices_from_text(slices_to_text(kept)) == kept
    assert (slices_to_text(kept) == "") is (kept == ())
