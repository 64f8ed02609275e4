"""Calls that are taken up: what they may do is known before any of them can ask for a slice."""

from typing import Any

from pbxcharge.core.call import Call
from pbxcharge.flow.recover import Recovery
from tests.fakes.granted_call import granted


class Books:
    """The calls that were live."""

    async def open_calls(self) -> list[Call]:
        """Two of them."""
        return [Call(granted(call_id), 1, 10) for call_id in ("a", "b")]


class Meter:
    """Notes what is metered again."""

    def __init__(self, done: list[str]) -> None:
        self._done = done
        self.broken = {"b"}

    def restore(self, call: Call) -> None:
        """One call."""
        self._done.append(call.call_id)


async def test_calls_are_prepared_before_they_are_metered() -> None:
    """All of them at the start, the broken one when it is taken up.

    Seen failing with `prepare` after the loop in either place.
    """
    done: list[str] = []

    async def prepare(calls: Any) -> None:
        done.append("prepared " + " ".join(call.call_id for call in calls))

    nothing: Any = None
    meter: Any = Meter(done)
    calls: Any = Books()
    recovery = Recovery(
        meter, nothing, nothing, calls, nothing, nothing, nothing, nothing, prepare=prepare
    )
    await recovery.restore(None)
    await recovery._take_up_broken()
    assert done == ["prepared a b", "a", "b", "prepared b", "b"]
