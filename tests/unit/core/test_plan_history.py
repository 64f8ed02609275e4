"""The history of plans: what leads from one state to the next, and what follows from the steps."""

from pbxcharge.core.plan_history import (
    PlanPlace,
    PlanSource,
    PlanStep,
    PlanTurn,
    broken_steps,
    spells,
    turns,
)

BEGAN, ENDED, PLANNED, WITHDRAWN = (
    PlanTurn.BEGAN,
    PlanTurn.ENDED,
    PlanTurn.PLANNED,
    PlanTurn.WITHDRAWN,
)


def now(version: str, plan: str = "retail") -> PlanPlace:
    """In force."""
    return PlanPlace(plan, version, 0, True)


def later(version: str, plan: str = "retail") -> PlanPlace:
    """To come."""
    return PlanPlace(plan, version, 100, False)


def steps(*done: tuple[str, PlanTurn]) -> list[PlanStep]:
    """Steps of one plan, one microsecond after the other."""
    return [
        PlanStep(at_us, "uid:0", "retail", version, 0, what, PlanSource.APPLY)
        for at_us, (version, what) in enumerate(done)
    ]


def short(*places: tuple[PlanPlace, PlanTurn]) -> list[tuple[str, PlanTurn]]:
    """What a test compares."""
    return [(place.version, what) for place, what in places]


def test_the_first_versions_begin_or_are_planned() -> None:
    """By name; a version to come waits."""
    found = turns((), (later("2"), now("1"), now("9", "kiosk")))
    assert short(*found) == [("9", BEGAN), ("1", BEGAN), ("2", PLANNED)]


def test_what_stays_brings_nothing() -> None:
    """So a restart with the same files adds no step."""
    assert turns((now("1"), later("2")), (later("2"), now("1"))) == ()


def test_what_ends_comes_before_what_begins() -> None:
    """So no two versions of a plan are ever in force at once."""
    assert short(*turns((now("1"),), (now("2"),))) == [("1", ENDED), ("2", BEGAN)]


def test_a_planned_version_begins_or_is_withdrawn() -> None:
    """One that begins is withdrawn by nobody."""
    before = (now("1"), later("2"), later("3"))
    found = turns(before, (now("2"),))
    assert short(*found) == [("1", ENDED), ("3", WITHDRAWN), ("2", BEGAN)]


def test_a_version_that_is_put_off_ends_and_is_planned() -> None:
    """As when a clock is set back."""
    assert short(*turns((now("1"),), (later("1"),))) == [("1", ENDED), ("1", PLANNED)]


def test_a_spell_runs_from_its_application_to_its_end() -> None:
    """A plan for December gives its place back, and the usual one begins a second time."""
    done = (("1", BEGAN), ("2", PLANNED), ("1", ENDED), ("2", BEGAN), ("2", ENDED), ("1", BEGAN))
    first, december, again = spells(steps(*done))
    assert (first.version, first.ended and first.ended.at_us) == ("1", 2)
    assert (december.applied.at_us, december.began and december.began.at_us) == (1, 3)
    assert (december.ended and december.ended.at_us, again.ended) == (4, None)
    assert again.applied == again.began


def test_a_withdrawn_version_never_began() -> None:
    """It was applied, and ended."""
    (spell,) = spells(steps(("2", PLANNED), ("2", WITHDRAWN)))
    assert (spell.began, spell.ended and spell.ended.what) == (None, WITHDRAWN)


def test_a_right_history_has_no_broken_step() -> None:
    """Whatever `turns` brings is right."""
    states = ((now("1"),), (now("1"), later("2")), (now("2"),), (now("3"), later("1")), ())
    done: list[tuple[str, PlanTurn]] = []
    for before, after in zip(((), *states), states, strict=False):
        done += short(*turns(before, after))
    assert [*broken_steps(steps(*done))] == []


def test_steps_that_cannot_have_happened_are_named() -> None:
    """Two versions in force at once, the end of one that never began, a plan withdrawn twice."""
    twice = steps(("1", BEGAN), ("2", BEGAN))
    assert [*broken_steps(twice)] == [twice[1]]
    for what in (ENDED, WITHDRAWN):
        nothing = steps(("1", what))
        assert [*broken_steps(nothing)] == nothing
    planned = steps(("1", BEGAN), ("1", PLANNED))
    assert [*broken_steps(planned)] == [planned[1]]
