"""The history of plans as it is written: once, in order, and sooner or later."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pbxcharge.core.credit import Outcome
from pbxcharge.core.effects import PlansTurned
from pbxcharge.core.plan import NO_TARIFFS, Plan
from pbxcharge.core.plan_history import PlanPlace, PlanSource, PlanTurn
from pbxcharge.errors import StorageDown
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.plan_record import WAITING_MAX, PlanRecord, places_of
from pbxcharge.flow.ports import Then
from pbxcharge.flow.prices import Prices
from tests.fakes.plans import NUMBERING, a_plan
from tests.fakes.recording_logger import RecordingLogger

ENDED = replace(a_plan("retail"), effective_until_s=100)


class Books:
    """A writer whose disk may be full, and what it has written."""

    def __init__(self) -> None:
        self.full = False
        self.healthy = True
        self.written: list[PlansTurned] = []
        self._places: dict[str, PlanPlace] = {}

    def submit(
        self, operations: object = (), then: Then = ()
    ) -> "asyncio.Future[tuple[Outcome, ...]]":
        """Written, or not."""
        answer = asyncio.get_running_loop().create_future()
        if self.full:
            answer.set_exception(StorageDown("full"))
            return answer
        effects = () if callable(then) else then
        self.written += [effect for effect in effects if isinstance(effect, PlansTurned)]
        answer.set_result(())
        return answer

    async def offered(self) -> dict[tuple[str, str], str | None]:
        """Nothing is offered but plans."""
        return {}

    async def places(self) -> Sequence[PlanPlace]:
        """What is in force by the steps written."""
        for step in (step for effect in self.written for step in effect.steps):
            place = PlanPlace(step.plan, step.version, step.effective_from_s, True)
            if step.what is PlanTurn.BEGAN:
                self._places[step.plan] = place
            elif self._places.get(step.plan) == place:
                del self._places[step.plan]
        return [*self._places.values()]


def prices(*plans: Plan) -> Prices:
    """These plans in force."""
    return Prices({plan.name: plan for plan in plans}, NUMBERING)


def version(number: int) -> Prices:
    """One plan, in one of many versions."""
    return prices(replace(a_plan("retail"), version=f"v{number}"))


@pytest.fixture
def books() -> Books:
    """Empty books."""
    return Books()


@pytest.fixture
def record(books: Books) -> PlanRecord:
    """Who writes into them."""
    return PlanRecord(books, books, Clock(), RecordingLogger())


async def test_a_change_is_one_transaction_and_the_same_again_is_none(
    books: Books, record: PlanRecord
) -> None:
    """Every step, and the bodies of the versions that are new."""
    both = prices(a_plan("retail"), a_plan("kiosk"))
    assert await record.note(both, "uid:0", PlanSource.APPLY)
    assert await record.note(both, "uid:0", PlanSource.APPLY)
    (written,) = books.written
    assert [step.plan for step in written.steps] == ["kiosk", "retail"]
    assert [body[:2] for body in written.bodies] == [("kiosk", "v1"), ("retail", "v1")]


async def test_what_cannot_be_written_waits_in_its_order(books: Books, record: PlanRecord) -> None:
    """Each change keeps whoever made it."""
    books.full = True
    assert not await record.note(version(1), "uid:1", PlanSource.APPLY)
    assert not await record.note(version(2), "uid:2", PlanSource.APPLY)
    books.full = False
    assert await record.write_waiting()
    steps = [(step.version, step.actor, step.what) for it in books.written for step in it.steps]
    assert steps == [
        ("v1", "uid:1", PlanTurn.BEGAN),
        ("v1", "uid:2", PlanTurn.ENDED),
        ("v2", "uid:2", PlanTurn.BEGAN),
    ]


async def test_of_very_many_changes_that_wait_the_last_one_counts(
    books: Books, record: PlanRecord
) -> None:
    """What waits is bounded; what is in force at last is written whatever happens."""
    books.full = True
    for number in range(3 * WAITING_MAX):
        await record.note(version(number), "uid:0", PlanSource.RELOAD)
    books.full = False
    await record.write_waiting()
    assert len(books.written) == WAITING_MAX
    assert books.written[-1].steps[-1].version == f"v{3 * WAITING_MAX - 1}"


def test_a_plan_that_has_ended_is_in_force_no_more() -> None:
    """It keeps its place among the plans, without prices."""
    emptied = prices(replace(ENDED, tariffs=NO_TARIFFS))
    assert [*places_of(prices(ENDED), 99)] == [PlanPlace("retail", "v1", 0, True)]
    assert [*places_of(emptied, 100)] == []


def test_a_plan_whose_successor_must_wait_is_in_force_still() -> None:
    """It charges calls until its successor can take its place."""
    assert [*places_of(prices(ENDED), 100)] == [PlanPlace("retail", "v1", 0, True)]
