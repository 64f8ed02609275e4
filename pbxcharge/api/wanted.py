"""Which lines of the live cost log a reader wants: decided here, so that it gets no others."""

from dataclasses import dataclass

from pbxcharge.api.desk import Desk, accounts_of, declined, listed
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.journal import EVENTS, Line


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a line must be about; what is empty does not count.

    Args:
        accounts: the accounts asked for, with everybody below them.
        numbers: as dialled or as priced; `44*` is every number that begins with 44.
        events: names of events, blanks or underscores between the words.
    """

    accounts: frozenset[str] = frozenset()
    numbers: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()

    def fits(self, line: Line) -> bool:
        """Whether the reader wants this line."""
        if self.events and _name(line["event"]) not in self.events:
            return False
        if self.accounts and self.accounts.isdisjoint(
            (line.get("account") or "", line.get("organization") or "")
        ):
            return False
        return not self.numbers or self._is_called(line)

    def _is_called(self, line: Line) -> bool:
        called = [str(line[field]) for field in ("number", "dialled") if line.get(field)]
        return any(_matches(number, wanted) for number in called for wanted in self.numbers)


async def wanted(desk: Desk, account: str | None, number: str | None, event: str | None) -> Wanted:
    """The lines of these accounts, numbers and events, each a list with commas between.

    Raises:
        ActDeclined: there is no such account, or no such event.
    """
    accounts: set[str] = set()
    for scope in listed(account):
        accounts |= await accounts_of(desk, scope)
    numbers = tuple(text.removeprefix("+") for text in listed(number))
    return Wanted(frozenset(accounts), numbers, _events(event))


def _events(text: str | None) -> frozenset[str]:
    """Names of events; for one that is misspelled a reader would wait for ever."""
    known = {_name(event): event for event in EVENTS}
    for event in listed(text):
        if _name(event) not in known:
            message = f"no event is called {event!r}; known: {', '.join(sorted(EVENTS))}"
            raise declined(Refusal.NAME_INVALID, message)
    return frozenset(map(_name, listed(text)))


def _name(event: str) -> str:
    return event.replace("_", " ").replace("-", " ")


def _matches(number: str, pattern: str) -> bool:
    number = number.removeprefix("+")
    return number.startswith(pattern[:-1]) if pattern.endswith("*") else number == pattern
