"""What a command does without the daemon: the same parts, wired for the time of one command.

It writes through the same writer and office, behind the same lock, so that it makes no difference
to the books who did it.
"""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pbxcharge.api.desk import Desk
from pbxcharge.api.local import LocalApi
from pbxcharge.api.plan_document import whole_plan_document
from pbxcharge.asterisk.ami_client import AmiClient
from pbxcharge.asterisk.ami_once import asking_once
from pbxcharge.catalog.books_checks import owner_findings as unknown_owners
from pbxcharge.catalog.changes import (
    PlanChange,
    elsewhere_finding,
    missing_finding,
    plan_changes,
    vanished_finding,
)
from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.deck_file import Entry
from pbxcharge.catalog.decks import NO_DECKS
from pbxcharge.catalog.dialplan import (
    DIALPLAN,
    SETTINGS,
    SHIPPED,
    dialplan_findings,
    endpoint_findings,
)
from pbxcharge.catalog.dialplan_files import installed_contexts
from pbxcharge.catalog.emergency import CONTEXT, compare, compare_loaded, emergency_context
from pbxcharge.catalog.findings import Finding, Severity, has_errors, in_order
from pbxcharge.catalog.import_files import read_import
from pbxcharge.catalog.load import Catalog
from pbxcharge.catalog.offers import NOTHING_OFFERED, Offered
from pbxcharge.catalog.placing import Installation, alone_in, place
from pbxcharge.catalog.plan_diff import diff_document, plan_diff
from pbxcharge.catalog.plan_version import plan_body
from pbxcharge.catalog.stored_plan import stored_plan
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import Plan
from pbxcharge.errors import WrongCurrency
from pbxcharge.flow.billing import Billing
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.office import Office
from pbxcharge.flow.plan_record import PlanRecord
from pbxcharge.flow.prices import PlansAt
from pbxcharge.flow.versions import deck_versions, label, local_time, offer_versions, plan_versions
from pbxcharge.settings import Settings
from pbxcharge.site_costs import below_cost, below_level
from pbxcharge.site_files import SiteFiles, inspect_files, read_files
from pbxcharge.site_of_books import (
    asked_of_books,
    books_findings,
    jumps,
    last_versions,
    offers_against,
)
from pbxcharge.site_prices import site_prices
from pbxcharge.store import Queries, open_store
from pbxcharge.store.backup import Backup
from pbxcharge.store.backup import back_up as back_up_books
from pbxcharge.store.finding import Finding as BooksFinding
from pbxcharge.store.lock import refuse_other_owners, require_database
from pbxcharge.store.migrate import Migrated, migrate_alone, require_newest
from pbxcharge.store.verify import verify as verify_books

__all__ = [
    "NOTHING_OFFERED",
    "NO_DECKS",
    "NO_PLANS",
    "Backup",
    "BooksFinding",
    "Catalog",
    "Deck",
    "Entry",
    "Finding",
    "Installation",
    "PlanChange",
    "SiteFiles",
    "alone_in",
    "asked_of_books",
    "asterisk_findings",
    "back_up",
    "below_cost",
    "below_level",
    "books_findings",
    "deck_versions",
    "diff_document",
    "elsewhere_finding",
    "emergency_finding",
    "emergency_text",
    "has_errors",
    "in_order",
    "inspect_files",
    "jumps",
    "label",
    "last_versions",
    "local_time",
    "migrate",
    "missing_finding",
    "offers_against",
    "place",
    "plan_body",
    "plan_changes",
    "plan_diff",
    "plans_now",
    "plans_to_come",
    "read_files",
    "read_import",
    "reading",
    "stored_plan_document",
    "unknown_owners",
    "vanished_finding",
    "verify",
    "versions_now",
    "writing",
]

NO_PLANS: Mapping[str, Plan] = MappingProxyType({})


def plans_to_come(catalog: Catalog) -> tuple[Plan, ...]:
    """The plans that have not begun yet, the first one first."""
    return catalog.to_come(Clock().wall_us() // MICROS)


def versions_now(catalog: Catalog, zone: tzinfo) -> dict[str, str]:
    """The version of each plan, of those to come by name and beginning, and of each deck."""
    plans = plan_versions(plans_now(catalog), plans_to_come(catalog), zone)
    decks = deck_versions({name: deck.version for name, deck in catalog.decks.items()})
    return (
        plans
        | decks
        | offer_versions(catalog.subscriptions, catalog.products, catalog.offered.discounts)
    )


def plans_now(catalog: Catalog) -> Mapping[str, Plan]:
    """The plans that calls are charged by at this instant."""
    return catalog.in_force(Clock().wall_us() // MICROS)


def stored_plan_document(body: str, zone: tzinfo) -> dict[str, Any]:
    """A version of a plan as `plan show` shows it, from what is kept of it.

    Raises:
        ValueError, KeyError, TypeError: another release kept it.
    """
    document = whole_plan_document(stored_plan(body), 0, zone)
    del document["accounts"]
    if document["limits"]["high_risk_barred"]:
        # Which destinations the site took for such is not a part of a version.
        document["limits"]["high_risk_barred"] = None
    return document


@asynccontextmanager
async def writing(
    settings: Settings,
    plans: Mapping[str, Plan],
    decks: Mapping[str, Deck] = NO_DECKS,
    to_come: tuple[Plan, ...] = (),
    plans_at: PlansAt = None,
    offered: Offered = NOTHING_OFFERED,
) -> AsyncIterator[LocalApi]:
    """The API over the books themselves, which are this process's alone until the block is left.

    Raises:
        DatabaseMissing: there are none.
        LockTaken: the daemon or another command writes.
        NotTheOwner: run it as the user who owns the files.
        SchemaBehind, SchemaAhead, WrongCurrency, StorageDamaged, StorageDown: see `open_store`.
    """
    require_database(settings.database)
    currency = settings.site.currency
    opening = open_store(settings.database, currency=currency, node=settings.pbx, log=_Silent())
    async with opening as store:
        prices = site_prices(settings, settings.routing, plans, to_come, decks, plans_at, offered)
        office = Office(store.writer, store.queries, prices, Clock(), currency)
        record = PlanRecord(store.writer, store.queries.plans, Clock(), _Silent())
        turn, log = office.turn, _Silent()
        billing = Billing(store.writer, store.queries, prices, Clock(), turn, log)
        yield _api(
            Desk(store.queries, prices, currency, office, plan_record=record, billing=billing)
        )


@asynccontextmanager
async def reading(
    settings: Settings,
    plans: Mapping[str, Plan],
    decks: Mapping[str, Deck] = NO_DECKS,
    to_come: tuple[Plan, ...] = (),
    plans_at: PlansAt = None,
    offered: Offered = NOTHING_OFFERED,
) -> AsyncIterator[LocalApi]:
    """The API over what is committed, whoever writes meanwhile.

    Raises:
        DatabaseMissing, NotTheOwner, SchemaBehind, SchemaAhead, WrongCurrency, StorageDown: as
            above.
    """
    require_database(settings.database)
    # A reader of another user would leave side files that the owner cannot open.
    refuse_other_owners(settings.database)
    require_newest(settings.database)
    queries = await Queries.connect(settings.database)
    try:
        currency = settings.site.currency
        if (kept := await queries.currency() or currency) != currency:
            raise WrongCurrency(settings.database, kept, currency)
        prices = site_prices(settings, settings.routing, plans, to_come, decks, plans_at, offered)
        yield _api(Desk(queries, prices, currency))
    finally:
        await queries.close()


def migrate(settings: Settings) -> Migrated:
    """Make the database, or bring its schema to this release's.

    Raises:
        LockTaken, NotTheOwner, SchemaAhead, StorageDamaged: nothing was changed.
    """
    return migrate_alone(settings.database)


def verify(settings: Settings) -> list[BooksFinding]:
    """Everything in the books that is not as it must be; also beside a running daemon.

    Raises:
        DatabaseMissing, NotTheOwner: they cannot be read.
    """
    require_database(settings.database)
    return verify_books(settings.database)


def back_up(settings: Settings, place: Path, keep: int | None) -> Backup:
    """A checked copy of the books, also beside a running daemon; see `store.backup`.

    Raises:
        DatabaseMissing, NotTheOwner, BackupExists, BackupFailed, SchemaAhead, SchemaBehind,
            StorageDamaged, StorageDown: there is no copy.
    """
    require_database(settings.database)
    return back_up_books(settings.database, place, keep)


def emergency_text(settings: Settings) -> str:
    """The dialplan's emergency context, from the site's list."""
    return emergency_context(settings.emergency_routes)


def emergency_finding(settings: Settings, file: Path) -> Finding | None:
    """How a dialplan file differs from the site's emergency list; None if it does not."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Finding(Severity.ERROR, str(file), 0, "", f"cannot be read: {error}")
    return compare(settings.emergency_routes, text, str(file))


async def asterisk_findings(
    settings: Settings, secret: str, phones: Iterable[str]
) -> tuple[Finding, ...]:
    """How what Asterisk has loaded differs from what the site's files, and charging, rely on.

    Raises:
        AmiDown, AmiRefused: Asterisk could not be asked.
    """
    ami = settings.ami
    installed = installed_contexts(settings.dialplan_dir)
    session = asking_once(ami.host, ami.port, ami.username, secret, _Silent())
    async with session as asterisk:
        numbers = await asterisk.loaded_context(CONTEXT)
        names = {*SHIPPED, *(name for contexts in installed.values() for name in contexts)}
        loaded = {name: await asterisk.dialplan_lines(name) for name in sorted(names)}
        trunks, others = [
            {name: await _endpoint(asterisk, name) for name in sorted(names)}
            for names in (settings.trunk_endpoints, {*phones} - settings.trunk_endpoints)
        ]
    differs = compare_loaded(settings.emergency_routes, numbers, DIALPLAN)
    found = [*([differs] if differs else []), *dialplan_findings(loaded, installed)]
    return (*found, *endpoint_findings(trunks, others))


async def _endpoint(asterisk: AmiClient, name: str) -> dict[str, str]:
    return {setting: await asterisk.endpoint_setting(name, setting) for setting in SETTINGS}


class _Silent:
    """A logger that says nothing: what fails is answered to the command itself."""

    def debug(self, event: str, **facts: object) -> None:
        """Nothing."""

    info = warning = error = critical = debug


def _api(desk: Desk) -> LocalApi:
    return LocalApi(desk, f"uid:{os.geteuid()}")
