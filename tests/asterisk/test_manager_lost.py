"""The manager connection to Asterisk is lost for 10 s while calls begin, run and end."""

from collections.abc import Callable

import pytest

from tests.asterisk.harness import AsteriskInstance, FarEnd
from tests.asterisk.harness.wire import Wire
from tests.asterisk.metered import OnTime, long_slices, metered_site


@pytest.mark.parametrize("interrupt", [Wire.cut, Wire.stop_up], ids=["cut", "silent"])
async def test_ten_seconds_without_the_manager(
    on_time: OnTime, interrupt: Callable[[Wire], None]
) -> None:
    """Slices of 26 s: calls go on, run out, are hung up, begin and end; all are charged right.

    A call that talks through the gap is paid further afterwards; one whose credit ends in the gap
    ends then; of the others the spool tells.
    """
    async with AsteriskInstance() as asterisk:
        wire = await Wire(asterisk.ami_port).open()
        async with metered_site(
            asterisk=asterisk, ami_port=wire.port, kiosk=long_slices(26)
        ) as metered:
            payers = [
                await metered.payer(credit) for credit in ("0.30", "0.06", "1.00", "1.00", "1.00")
            ]
            stays, runs_out = await payers[0].talk(), await payers[1].talk()
            leaves = await payers[2].talk(FarEnd.answers(talk_s=3.5))
            await runs_out.talk_reaches(1.5)
            interrupt(wire)
            comes = await payers[3].talk(FarEnd.answers(talk_s=20.5))
            passes = await payers[4].talk(FarEnd.answers(talk_s=2.5))
            on_time(await runs_out.late_s(6))
            await runs_out.talk_reaches(11.5)
            await wire.mend()
            on_time(await stays.late_s(30))
            calls = (stays, runs_out, leaves, comes, passes)
            cdrs = [await call.cdr() for call in calls]
            assert [cdr["charge"] for cdr in cdrs] == ["0.30", "0.06", "0.04", "0.22", "0.04"]
            assert [cdr["talk_s"] for cdr in cdrs] == [30, 6, 4, 21, 3]
            assert [cdr["end_source"] for cdr in cdrs] == [
                "event",
                "spool",
                "spool",
                "event",
                "spool",
            ]
            assert [cdr["ended_by"] for cdr in cdrs] == [
                "credit",
                "credit",
                "callee",
                "callee",
                "callee",
            ]
            assert {cdr["clock"] for cdr in cdrs} == {"ok"}
        await wire.close()
