"""A logger that keeps what it is told."""

from typing import Any


class RecordingLogger:
    """Takes events as structlog does; `events` has their names and facts in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def debug(self, event: str, **facts: object) -> None:
        """Keep it."""
        self.events.append((event, facts))

    info = warning = error = critical = debug

    def named(self, event: str) -> list[dict[str, Any]]:
        """Facts of every log line of this name."""
        return [facts for name, facts in self.events if name == event]
