"""The acts, in order. Scenes play side by side where that does not spoil the story."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.asterisk.harness.instance import lab
from tests.demo import (
    closing,
    crash_scenes,
    credit_scenes,
    house_scenes,
    product_scenes,
    trunk_scenes,
)
from tests.demo.follower import Follower, following
from tests.demo.world import World

Scene = Callable[[World], Awaitable[None]]

FIRST = (credit_scenes.ALICE, credit_scenes.BOB, credit_scenes.CAROL, credit_scenes.FRANK)
LATER = (
    credit_scenes.DAVE, credit_scenes.ERIN, crash_scenes.GINA, crash_scenes.HUGO,
    crash_scenes.IVAN, house_scenes.JUDY, house_scenes.KEN, house_scenes.LIAM, house_scenes.MIA,
    trunk_scenes.NORA, credit_scenes.OSCAR,
    trunk_scenes.PAULA, trunk_scenes.BRANCH, trunk_scenes.RESELLER,
    product_scenes.QUINN, product_scenes.ROSE,
)  # fmt: skip
EMERGENCY_FILE = "asterisk-dialplan/pbxcharge-emergency.conf"
EXIT_DOWN = 69


async def play(world: World) -> None:
    """Everything, from the first command to the last figure."""
    stage = world.stage
    stage.heading(f"{await lab('version')}. Plan kiosk: 0.60 EUR a minute, in blocks of 2 s.")
    await world.command("check", "--dialplan", EMERGENCY_FILE)
    await world.site.serve()
    async with following(world.site) as follower:
        await world.command("account", "add", "acme", "--name", "Acme")
        await asyncio.gather(*(world.enrol(customer) for customer in FIRST))
        stage.heading("Act 1: (a) credit ends, (b) no credit, (c) early hangup, (f) emergency")
        await _act(
            world, credit_scenes.credit_ends, credit_scenes.no_credit,
            credit_scenes.hangs_up_early, credit_scenes.emergency, _enrol_later,
        )  # fmt: skip
        _told(world, follower)
        stage.heading(
            "Act 2: (d) top-ups during the call, (e) two calls of one account, (n) a menu"
        )
        await _act(world, credit_scenes.topped_up, credit_scenes.shared, credit_scenes.menu)
        stage.heading(
            "Act 3: (i) from outside, (j) forwarded, (k) transferred, (l) past the meter, "
            "(m) the next trunk, (o) three levels, (p) SmartCall"
        )
        await _act(
            world, house_scenes.comes_in, house_scenes.forwarded, house_scenes.transferred,
            house_scenes.unauthorized, trunk_scenes.next_trunk, trunk_scenes.three_levels,
            product_scenes.smartcall,
        )  # fmt: skip
        stage.heading("Act 4: (g) kill -9 of the daemon, and back within the lease")
        await _act(world, crash_scenes.killed_and_back)
        code = await follower.ended()
        stage.check("g", "pbxcharge tail ended with the daemon, exit code", code, EXIT_DOWN)
    stage.heading("Act 5: (h) kill -9 of the daemon, and nobody there")
    await _act(world, crash_scenes.killed_for_good)
    await closing.books(world)
    closing.lateness(world)
    stage.check("", "exit code of the daemon, told to stop", await world.site.stop(), 0)


async def _act(world: World, *scenes: Scene) -> None:
    async with asyncio.TaskGroup() as act:
        for scene in scenes:
            act.create_task(_guarded(world, scene))


async def _guarded(world: World, scene: Scene) -> None:
    """A scene that breaks off is a failure; the others go on."""
    try:
        await scene(world)
    except Exception as error:
        why, *_ = str(error).splitlines() or [""]
        what = f"{scene.__doc__} It broke off: {type(error).__name__} {why}"
        world.stage.judge("", what, False, "expected to be played to its end")


async def _enrol_later(world: World) -> None:
    """The other customers are enrolled, by one file."""
    await world.bring("later", LATER)


def _told(world: World, follower: Follower) -> None:
    """Whoever reads along with `pbxcharge tail` is told the same as the log."""
    logged = [line["event"] for line in world.log.lines if line.get("account") == "alice"]
    # The log leaves out what only readers of single calls want, such as `ringing`.
    told = [event for event in follower.told("alice") if event in logged]
    world.stage.judge(
        "a", f"pbxcharge tail told: {', '.join(told)}", told == logged, "expected what the log says"
    )
