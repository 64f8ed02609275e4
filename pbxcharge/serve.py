"""The process of the daemon: its signals, its books, and the five seconds in which it ends."""

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

import uvloop

from pbxcharge import log
from pbxcharge.catalog.load import Catalog
from pbxcharge.daemon import Daemon
from pbxcharge.errors import OperatingError
from pbxcharge.logger import Logger
from pbxcharge.settings import Settings
from pbxcharge.store import open_store

STOP_WITHIN_S = 4.0
FILES_MAX = 4096
"""More than 1,500 connections that ask for calls, and whatever else is open."""
SWITCH_AFTER_S = 0.001
EXIT_DONE, EXIT_DOWN = 0, 69


def serve(config: Path, settings: Settings, catalog: Catalog, ami_secret: str) -> int:
    """Run the daemon until SIGTERM or SIGINT; a SIGHUP makes it read its files anew.

    Args:
        config: the settings file.
        settings: of the site, as they stand in it.
        catalog: the plans in force.
        ami_secret: of the AMI user.

    Returns:
        0 stopped in order, 69 something it depends on is down.
    """
    log.configure(settings.log.level, settings.log.mask_digits)
    logger = log.logger()
    _may_open_files()
    favour_the_loop()
    try:
        uvloop.run(_run(config, settings, catalog, ami_secret, logger))
    except OperatingError as error:
        logger.critical("cannot serve", error=str(error))
        return EXIT_DOWN
    return EXIT_DONE


async def _run(
    config: Path, settings: Settings, catalog: Catalog, secret: str, logger: Logger
) -> None:
    stop, reread = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reread.set)
    async with open_store(
        settings.database,
        currency=settings.site.currency,
        node=settings.pbx,
        log=logger,
        migrate=True,
    ) as store:
        daemon = Daemon(config, settings, catalog, secret, store, logger)
        try:
            await daemon.start(stop, reread)
            await stop.wait()
        finally:
            asyncio.get_running_loop().call_later(STOP_WITHIN_S, _leave, logger)
            await daemon.stop()
    logger.info("stopped")


def _may_open_files() -> None:
    """Use what the system allows: 1,024 is the usual limit, and not enough in a flood."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = FILES_MAX if hard == resource.RLIM_INFINITY else min(FILES_MAX, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def favour_the_loop() -> None:
    """Let a thread that computes, as one that reads plans, make way for the loop within 1 ms.

    Python would let it go on for 5 ms each time that the loop comes back from waiting.
    """
    sys.setswitchinterval(SWITCH_AFTER_S)


def _leave(logger: Logger) -> None:
    """The last resort at a stop: what is not durable by now was not promised to anybody."""
    logger.critical("stop took too long")
    os._exit(EXIT_DOWN)
