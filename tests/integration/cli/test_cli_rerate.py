"""`rerate` and `refund` as an admin gives them: through the daemon, alone, and by other files."""

import shutil
from pathlib import Path
from typing import Any

from pbxcharge.failpoints import Failpoint
from pbxcharge.store.verify import verify
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.site import Site

ALL = ("--plan", "kiosk", "--from", "2020-01")


async def a_call(site: Site, asterisk: FakeAsterisk) -> str:
    """A call of Alice's that was answered and is settled; its id."""
    call = asterisk.place_call("alice-1", "00442079460000")
    assert await call.authorize()
    call.dial()
    call.answer()
    await site.log.wait("answered", call_id=call.call_id)
    await site.run("calls", "hang-up", call.call_id)
    await site.log.wait("settled", call_id=call.call_id)
    return str(call.call_id)


def dearer(folder: Path) -> None:
    """The plan `kiosk` at twice its price."""
    file = folder / "kiosk.yaml"
    text = file.read_text(encoding="utf-8")
    before = "prefixes: [44]\n      price_per_minute: 0.60"
    assert before in text
    file.write_text(text.replace(before, before.replace("0.60", "1.20")), encoding="utf-8")


def amounts(answer: Any) -> list[tuple[str, str, str]]:
    """Verdict, before and after of each call."""
    return [
        (call["verdict"], call["levels"][0]["before"], call["levels"][0]["after"])
        for call in answer["calls"]
    ]


async def test_a_call_is_charged_anew_by_what_is_in_force(
    served: Site, asterisk: FakeAsterisk
) -> None:
    """Shown first, then booked once for its id; the live log tells it; the books are right."""
    call = await a_call(served, asterisk)
    before = (await served.ask("ledger", "alice"))["entries"][-1]["balance"]
    assert amounts(await served.ask("rerate", call))[0][0] == "same"
    dearer(served.folder / "plans")
    await served.run("plan", "apply")
    shown = await served.ask("rerate", call)
    assert (shown["applied"], shown["verdicts"]) == (False, {"changed": 1})
    assert (await served.ask("ledger", "alice"))["entries"][-1]["balance"] == before
    done = await served.ask("rerate", call, "--apply", "--id", "run-1", "--note", "too cheap")
    assert (done["id"], done["verdicts"]) == ("run-1", {"changed": 1})
    assert amounts(done) == amounts(shown)
    told = await served.log.wait("rerated", call_id=call)
    assert (told["account"], told["id"]) == ("alice", "run-1")
    again = await served.ask("rerate", call, "--apply", "--id", "run-1")
    assert again["verdicts"] == {"already": 1}
    assert "1 call would be charged anew" not in (await served.run("rerate", call)).out
    assert verify(served.database) == []


async def test_a_plans_calls_are_charged_anew_without_the_daemon(
    served: Site, asterisk: FakeAsterisk
) -> None:
    """By the files as they are, with sums for each account; what was done is found again."""
    calls = {await a_call(served, asterisk) for _ in range(3)}
    await served.stop()
    dearer(served.folder / "plans")
    shown = await served.run("rerate", *ALL)
    assert "3 calls would be charged anew" in shown.out
    assert "nothing was written" in shown.err
    done = await served.ask("rerate", *ALL, "--apply", "--note", "too cheap")
    assert {call["call_id"] for call in done["calls"]} == calls
    (total,) = done["totals"]
    assert (total["level"], total["account_id"], total["calls"]) == (0, "alice", 3)
    assert (await served.ask("rerate", *ALL))["verdicts"] == {"same": 3}
    assert verify(served.database) == []


async def test_calls_are_charged_anew_by_another_folder(
    served: Site, asterisk: FakeAsterisk, tmp_path: Path
) -> None:
    """Beside the daemon, whose own plans stay in force: by them the call costs what it cost."""
    call = await a_call(served, asterisk)
    other = shutil.copytree(served.folder / "plans", tmp_path / "other")
    dearer(other)
    options = (*ALL, "--plans", str(other))
    shown = await served.ask("rerate", *options)
    assert shown["verdicts"] == {"changed": 1}
    done = await served.ask("rerate", *options, "--apply")
    assert amounts(done) == amounts(shown)
    verdict, before, after = amounts(await served.ask("rerate", call))[0]
    assert (verdict, before, after) == ("changed", *amounts(done)[0][:0:-1])
    assert verify(served.database) == []


async def test_a_charge_is_refunded_by_its_entry(served: Site, asterisk: FakeAsterisk) -> None:
    """As the ledger names it; a call that is unknown, or asked for in two ways, is refused."""
    call = await a_call(served, asterisk)
    charge = next(
        entry for entry in (await served.ask("ledger"))["entries"] if entry["kind"] == "charge"
    )
    back = (await served.ask("refund", charge["id"]))["entry"]
    assert (back["call_id"], back["reverses"]) == (call, charge["id"])
    await served.run("refund", "charge:nix:alice:outgoing", code=1)
    await served.run("rerate", "nix", code=1)
    await served.run("rerate", call, "--plan", "kiosk", code=2)
    await served.run("rerate", "--plan", "kiosk", code=2)
    nothing = await served.run("rerate", "--plan", "retail", "--from", "2026-01")
    assert "nobody paid for a call of this time by plan 'retail'" in nothing.err


async def test_a_plan_that_never_was_is_no_plan_without_calls(served: Site) -> None:
    """A letter is wrong: the plans that there are, and were, are named."""
    answer = await served.run("rerate", "--plan", "kiosc", "--from", "2026-01", code=1)
    assert "there is no plan 'kiosc'; known: " in answer.err
    assert "kiosk" in answer.err


async def test_a_daemon_killed_after_the_booking_books_nothing_twice(
    served: Site, asterisk: FakeAsterisk
) -> None:
    """The answer is lost; the command gives the same run again, alone, and finds it done."""
    calls = {await a_call(served, asterisk) for _ in range(2)}
    await served.stop()
    dearer(served.folder / "plans")
    await served.serve(PBXCHARGE_FAILPOINT=Failpoint.AFTER_MONEY)
    done = await served.ask("rerate", *ALL, "--apply", "--id", "run-1")
    assert {call["call_id"]: call["verdict"] for call in done["calls"]} == dict.fromkeys(
        calls, "already"
    )
    assert {call["revision"] for call in done["calls"]} == {1}
    assert verify(served.database) == []
