"""A replay, wired for the time of one command: past calls from the books, prices from other files.

Everything is read, nothing is written: neither into the books nor beside the files.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pbxcharge.catalog.decks import DeckFiles, deck_names, no_such_deck
from pbxcharge.catalog.findings import Finding, Severity, has_errors, in_order
from pbxcharge.catalog.load import Catalog, load_catalog
from pbxcharge.core.money import MICROS
from pbxcharge.core.replay import Replay
from pbxcharge.errors import ActDeclined, WrongCurrency
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.replay import OtherFiles, replay
from pbxcharge.settings import Settings
from pbxcharge.site_prices import site_prices
from pbxcharge.store.lock import require_database
from pbxcharge.store.replay_rows import PastCalls, past_calls

__all__ = ["Asked", "OtherFiles", "Replayed", "read_other_files", "replay_books"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which calls are replayed.

    Args:
        from_us: those that were set up from this instant on, in microseconds since the epoch.
        until_us: and before this one.
        account_id: only those of this account and of everything below it.
        changes_max: of how many calls it is told how they change; None is all.
    """

    from_us: int
    until_us: int
    account_id: str | None = None
    changes_max: int | None = 20


@dataclass(frozen=True, slots=True)
class Replayed:
    """The sums of a replay, and the kind of every account that pays in it."""

    replay: Replay
    kinds: dict[str, str]


def read_other_files(
    settings: Settings, plans: Path | None, decks: Path | None
) -> tuple[OtherFiles | None, tuple[Finding, ...]]:
    """The plans of another folder, with the decks of another one; None if any has an error.

    Args:
        settings: of the site; all else is as they say.
        plans: a folder of plan files; None is the site's.
        decks: a folder of rate decks; None is the site's.
    """
    with TemporaryDirectory(prefix="pbxcharge-replay-") as cache:
        rates = settings.decks
        if decks is not None:
            # The site's own cache forgets what its own decks do not use.
            rates = DeckFiles(decks, Path(cache), settings.time_zone)
        read = load_catalog(
            plans or settings.plans,
            settings.number_rules,
            emergency=settings.emergency_numbers,
            tolerance_ms=settings.duration_tolerance_ms,
            high_risk=settings.high_risk,
            decks=rates,
            zone=settings.time_zone,
            today=datetime.now(settings.time_zone).date(),
        )
    found = in_order((*read.findings, *_unknown_decks(settings, rates)))
    if read.catalog is None or has_errors(found):
        return None, found
    return OtherFiles(read.catalog, _prices(settings, read.catalog)), found


def _prices(settings: Settings, catalog: Catalog) -> Prices:
    now = catalog.in_force(Clock().wall_us() // MICROS)
    return site_prices(settings, settings.routing, now, (), catalog.decks, catalog.in_force)


def _unknown_decks(settings: Settings, rates: DeckFiles | None) -> Iterator[Finding]:
    """Trunks that name a deck which is not in the folder: their calls would have no cost."""
    names = deck_names(rates)
    folder = str(rates.folder) if rates else ""
    for trunk in settings.trunks:
        if trunk.deck and trunk.deck not in names:
            message, hint = no_such_deck(trunk.deck, names)
            yield Finding(Severity.ERROR, folder, 0, f"trunk {trunk.name}", message, hint)


def replay_books(settings: Settings, files: OtherFiles, asked: Asked) -> Replayed:
    """Price the past calls of the books by other files; also beside a running daemon.

    Raises:
        ActDeclined: there is no such account.
        DatabaseMissing, NotTheOwner, SchemaBehind, SchemaAhead, WrongCurrency: the books cannot be
            read.
    """
    require_database(settings.database)
    with past_calls(settings.database) as past:
        kept = past.currency()
        if kept is not None and kept != settings.site.currency:
            raise WrongCurrency(settings.database, kept, settings.site.currency)
        scope = None if asked.account_id is None else _scope(past, asked.account_id)
        found = Replay(asked.changes_max, scope)
        replay(past.attempts(asked.from_us, asked.until_us, scope), files, found)
        kinds = {name: kind for name, kind in past.kinds() if name in found.accounts}
    return Replayed(found, kinds)


def _scope(past: PastCalls, account_id: str) -> frozenset[str]:
    scope = past.scope(account_id)
    if not scope:
        raise ActDeclined("unknown_account", f"there is no account {account_id!r}")
    return scope
