"""Logging: JSON lines, or colours on a terminal, through one short structlog chain."""

import logging
import sys
from typing import BinaryIO, TextIO

import orjson
import structlog
from structlog.types import EventDict, FilteringBoundLogger, WrappedLogger

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_NUMBER_FIELDS = ("number", "dialled", "caller_number")


def configure(level: str = "info", mask_digits: int = 0, stream: TextIO | None = None) -> None:
    """Send every log line of this process to one stream.

    Args:
        level: debug, info, warning or error.
        mask_digits: how many digits at the end of telephone numbers are not shown.
        stream: standard error by default, so that a command's own output stays apart.
    """
    out = stream or sys.stderr
    shown: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if mask_digits:
        shown.append(_Masking(mask_digits))
    for_people = out.isatty()
    structlog.configure(
        processors=[*shown, structlog.dev.ConsoleRenderer() if for_people else _json],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        # Bytes go out in one write; text would cost two for each line, and a line in two halves.
        logger_factory=structlog.PrintLoggerFactory(out)
        if for_people
        else lambda *_: _Lines(out.buffer),
        cache_logger_on_first_use=True,
    )
    _quieten_libraries(level)


def logger(**bound: object) -> FilteringBoundLogger:
    """A logger whose lines all carry these fields."""
    bound_logger: FilteringBoundLogger = structlog.get_logger(**bound)
    return bound_logger


def _json(_: WrappedLogger, __: str, line: EventDict) -> bytes:
    """One line of JSON; line breaks inside values are escaped, so a value cannot forge a line."""
    return orjson.dumps(line, default=str)


class _Lines:
    """Writes lines of bytes; a log that cannot be written must not stop a call being metered."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def msg(self, line: bytes) -> None:
        """Write one line, if it can be written."""
        try:
            self._out.write(line + b"\n")
            self._out.flush()
        except (OSError, ValueError):
            return

    log = debug = info = warn = warning = error = err = critical = fatal = failure = msg


class _Masking:
    """Numbers are personal: 447700900123 with 4 masked digits is shown as 44770090xxxx."""

    def __init__(self, digits: int) -> None:
        self._digits = digits

    def __call__(self, _: WrappedLogger, __: str, line: EventDict) -> EventDict:
        for field in _NUMBER_FIELDS:
            if isinstance(shown := line.get(field), str):
                line[field] = shown[: -self._digits] + "x" * min(self._digits, len(shown))
        return line


def _quieten_libraries(level: str) -> None:
    """Panoramisk logs whole actions, the login's secret among them: it is never let through."""
    logging.basicConfig(stream=sys.stderr, level=LEVELS[level], force=True)
    for name in ("panoramisk", "panoramisk.manager", "asyncio_redis", "aiosqlite", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
