"""What every room asks of a logger; structlog's bound loggers fit."""

from typing import Protocol


class Logger(Protocol):
    """A logger that takes an event's name and facts, not a sentence."""

    def debug(self, event: str, **facts: object) -> object:
        """Log what only a developer wants to know."""

    def info(self, event: str, **facts: object) -> object:
        """Log what is normal."""

    def warning(self, event: str, **facts: object) -> object:
        """Log what an operator should look at."""

    def error(self, event: str, **facts: object) -> object:
        """Log what an operator must look at."""

    def critical(self, event: str, **facts: object) -> object:
        """Log what an operator must look at now."""
