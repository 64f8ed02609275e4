"""Two sides' records: every call is paired once, or named once."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core import reconciliation
from pbxcharge.core.reconciliation import OurCall, TheirCall, Tolerance, reconcile

S = 1_000_000
NEAR = Tolerance(seconds=1, within_us=30 * S)


def ours(*calls: tuple[int, int], key: str = "44") -> list[OurCall]:
    """Calls that began at these seconds and lasted so long."""
    return [OurCall(f"call-{at}", key, at * S, talk_s) for at, talk_s in calls]


def theirs(*calls: tuple[int, int], key: str = "44") -> list[TheirCall]:
    """The same of the other side, one on each line."""
    return [TheirCall(line, key, at * S, seconds) for line, (at, seconds) in enumerate(calls, 2)]


def test_the_same_calls_agree() -> None:
    """Whatever the order, and with a clock that is nine seconds ahead."""
    found = reconcile(ours((0, 60), (10, 5)), theirs((19, 5), (9, 60)), NEAR)
    assert found.agrees
    assert found.pairs == 2


def test_a_cost_that_one_side_does_not_tell_is_counted() -> None:
    """Theirs of 0.10 where no deck says ours; a file without costs leaves nothing to compare.

    Seen failing, told as agreement, with `cost_unknown` left at 0.
    """
    told = TheirCall(2, "44", 0, 60, cost=Fraction(1, 10))
    found = reconcile(ours((0, 60)), [told], NEAR)
    assert (found.agrees, found.cost_unknown) == (True, 1)
    priced = [replace(call, cost_micros=100_000) for call in ours((0, 60))]
    assert reconcile(priced, [told], NEAR).cost_unknown == 0
    assert reconcile(priced, theirs((0, 60)), NEAR).cost_unknown == 0


def test_what_one_side_lacks_is_named() -> None:
    """Of three calls to one number, the one that nobody else tells; and theirs that is not here."""
    found = reconcile(ours((0, 30), (10, 31), (20, 32)), theirs((10, 31), (20, 32)), NEAR)
    assert [call.at_us for call in found.missing_there] == [0]
    found = reconcile([], theirs((7, 1)), NEAR)
    assert [call.line for call in found.missing_here] == [2]


def test_instants_too_far_apart_are_two_calls() -> None:
    """31 s, where 30 s are allowed."""
    found = reconcile(ours((0, 60)), theirs((31, 60)), NEAR)
    assert (found.pairs, len(found.missing_here), len(found.missing_there)) == (0, 1, 1)


def test_a_second_is_no_difference_and_two_are() -> None:
    """Sides round differently."""
    found = reconcile(ours((0, 60), (100, 60)), theirs((0, 61), (100, 62)), NEAR)
    assert [pair.more_s for pair in found.seconds_differ] == [2]


def test_a_price_is_compared_exactly() -> None:
    """0.012345 here and 0.0123451 there differ by a ten-millionth."""
    here = [OurCall("a", "44", 0, 60, cost_micros=12_345)]
    there = [TheirCall(2, "44", 0, 60, cost=Fraction("0.0123451"))]
    (pair,) = reconcile(here, there, NEAR).cost_differs
    assert pair.dearer == Fraction(1, 10_000_000)
    assert reconcile(here, there, Tolerance(1, Fraction("0.001"), 30 * S)).agrees


def test_calls_of_other_programs_are_counted_not_missed() -> None:
    """Voicemail is in Asterisk's file and not in our books."""
    found = reconcile([], [TheirCall(1, "id", 0, 9, ours=False)], Tolerance())
    assert found.agrees
    assert found.not_ours == 1


def test_a_call_out_of_a_menu_is_the_record_of_its_trunk() -> None:
    """One channel: a call of 6 s, 7 s in the menu, another of 4 s, and the row that ends it.

    Asterisk counts the menu to the second call, and tells the end apart, which is nearer.
    """
    rows = [*theirs((0, 6), (6, 11)), TheirCall(4, "44", 17 * S, 0, ours=False)]
    found = reconcile(ours((0, 6), (13, 4)), rows, Tolerance(seconds=1))
    assert (found.pairs, found.missing_here, found.not_ours) == (2, (), 1)
    assert [(pair.ours.talk_s, pair.theirs.seconds) for pair in found.seconds_differ] == [(4, 11)]


def test_a_call_inside_the_house_is_a_record_without_a_trunk() -> None:
    """And what the same channel dialled over a trunk past the books is missing here."""
    rows = [TheirCall(2, "44", 0, 30, ours=False), *theirs((1, 30))]
    here = [replace(call, over_trunk=False) for call in ours((1, 30))]
    found = reconcile(here, rows, Tolerance(seconds=1))
    assert ([call.at_us for call in found.missing_here], found.not_ours) == ([1 * S], 0)


def test_by_an_id_the_instant_does_not_matter() -> None:
    """A second call of one channel begins when the first one ended, hours later for all we know."""
    found = reconcile(ours((0, 60), (90, 10)), theirs((0, 60), (9_000, 10)), Tolerance())
    assert found.agrees


CALLS = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 90)), max_size=12)


@given(CALLS, CALLS, st.sampled_from([250_000, 0]))
def test_every_record_is_in_one_place(here: list, there: list, aligned_max: int) -> None:  # type: ignore[type-arg]
    """Paired or missing, never both, never twice; whichever way they are paired.

    Seen failing when a record of theirs could be taken by two of ours.
    """
    kept, reconciliation.ALIGNED_MAX = reconciliation.ALIGNED_MAX, aligned_max
    try:
        found = reconcile(ours(*here), theirs(*there), Tolerance(0, within_us=30 * S))
    finally:
        reconciliation.ALIGNED_MAX = kept
    assert all(abs(it.ours.at_us - it.theirs.at_us) <= 30 * S for it in found.seconds_differ)
    assert found.pairs + len(found.missing_there) == len(here)
    assert found.pairs + len(found.missing_here) == len(there)


@given(CALLS, st.integers(-9, 9), st.data())
def test_a_clock_that_is_off_and_a_record_that_is_lost_are_told_apart(
    here: list[tuple[int, int]], off_s: int, data: st.DataObject
) -> None:
    """With calls a minute apart the one that is missing is the one that is named."""
    apart = [(place * 60, length) for place, (_, length) in enumerate(here)]
    there = [(at + off_s, length) for at, length in apart]
    lost = data.draw(st.integers(0, max(len(there) - 1, 0)))
    found = reconcile(ours(*apart), theirs(*(there[:lost] + there[lost + 1 :])), NEAR)
    assert [call.at_us for call in found.missing_there] == [at * S for at, _ in apart[lost:][:1]]
    assert not found.seconds_differ
    assert not found.missing_here
