"""The daemon: the one place that wires the parts together, in the order in which they may start.

It becomes ready only after Asterisk was compared with the books once, and it listens for calls
last. When it is told to stop it grants nothing more, leaves live calls to their leases, and makes
everything durable.
"""

import asyncio
import gc
from pathlib import Path

from pbxcharge.api.server import ApiServer
from pbxcharge.asterisk.agi_server import AgiServer
from pbxcharge.asterisk.ami_client import AmiClient
from pbxcharge.asterisk.events import Cdr as AsteriskCdr
from pbxcharge.asterisk.events import Event
from pbxcharge.background import Background
from pbxcharge.catalog.load import Catalog
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.plan_history import PlanSource
from pbxcharge.errors import OperatingError
from pbxcharge.flow import balance, pulse
from pbxcharge.flow.account_dates import AccountDates
from pbxcharge.flow.archive import Archive
from pbxcharge.flow.authorize import Authorizer
from pbxcharge.flow.balance import Teller
from pbxcharge.flow.billing_watch import BillingWatch
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.confirm import Confirmation
from pbxcharge.flow.effective_dates import EffectiveDates
from pbxcharge.flow.gate import Gate
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.lag import LoopLag
from pbxcharge.flow.leg_watch import LegWatch
from pbxcharge.flow.listen import WANTED, Listener
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.month_turn import MonthTurn
from pbxcharge.flow.offer_guard import OfferGuard
from pbxcharge.flow.office import Office
from pbxcharge.flow.phone_features import PhoneFeatures
from pbxcharge.flow.plan_record import PlanRecord
from pbxcharge.flow.recover import Recovery
from pbxcharge.flow.refusals import Refusals
from pbxcharge.flow.reload import Reload
from pbxcharge.flow.spool import Spool
from pbxcharge.flow.standing import learn_months, review
from pbxcharge.flow.trunk_watch import Trunks
from pbxcharge.in_force import InForce, site_of
from pbxcharge.logger import Logger
from pbxcharge.notify import Notifier
from pbxcharge.settings import Settings
from pbxcharge.store import Store

ALIVE_EVERY_S = 5.0


class Daemon:
    """Every part of a running daemon, and the order of their lives."""

    def __init__(
        self,
        config: Path,
        settings: Settings,
        catalog: Catalog,
        secret: str,
        store: Store,
        logger: Logger,
    ) -> None:
        clock = Clock()
        site = site_of(settings)
        self._in_force = InForce(config, settings, catalog)
        prices = self._in_force.prices
        self._settings = settings
        self._store = store
        self._log = logger
        self._clock = clock
        self._notifier = Notifier()
        self._lag = LoopLag(logger)
        self._background = Background(logger)
        self.ami = AmiClient(
            settings.ami.host,
            settings.ami.port,
            settings.ami.username,
            secret,
            on_event=lambda event, _: self._hear(event),
            on_connected=self._compare,
            on_lost=self._asterisk_lost,
            on_unreadable=self._event_unreadable,
            wanted=WANTED,
            logger=logger,
        )
        self.journal = Journal(logger, clock, site.currency)
        self.archive = Archive(
            store.writer, store.queries, clock, logger, settings.events.keep_days
        )
        self.meter = Meter(
            store.writer,
            self.ami,
            site,
            clock,
            self.journal,
            logger,
            on_settled=self._settled,
            investigate=self.want,
        )
        self.confirmation = Confirmation(logger)
        self.listener = Listener(self.meter, clock)
        self.spool = Spool(
            self.ami,
            store.queries,
            store.directory,
            store.writer,
            site,
            prices,
            self.journal,
            logger,
        )
        self.legs = LegWatch(
            Trunks(settings.trunk_endpoints, settings.routing),
            lambda: self._in_force.settings.emergency_routes,
            settings.timing.orphan_max_s * 1000,
            self.meter,
            self.listener.call_of,
            self.ami,
            self.journal,
            clock,
            logger,
            look=self.want,
        )
        self.recovery = Recovery(
            self.meter,
            self.ami,
            self.spool,
            store.queries,
            store.writer,
            site,
            clock,
            logger,
            judge=self.legs.judge,
            mark=self.legs.mark,
            prepare=lambda calls: learn_months(
                self.meter.months, store.queries, self._in_force.prices.plans, calls
            ),
        )
        self.month_turn = MonthTurn(self.meter, clock)
        self.refusals = Refusals(store.writer, logger)
        self.authorizer = Authorizer(
            store.directory,
            prices,
            store.writer,
            self.meter,
            site,
            clock,
            self.journal,
            self.refusals,
        )
        self.phone_features = PhoneFeatures(self.ami, store.queries, prices, clock, logger)
        store.writer.on_accounts(self.phone_features.changed)
        self.gate = Gate(
            self.authorizer,
            self.spool,
            self,
            site,
            prices,
            clock,
            logger,
            self.phone_features,
        )
        self.agi = AgiServer(
            self.gate.authorize,
            host=settings.fastagi.host,
            port=settings.fastagi.port,
            peers=settings.fastagi.peers,
            logger=logger,
        )
        self.agi.routes.serve(pulse.SCRIPT, pulse.answer)
        teller = Teller(store.directory, store.writer, self.authorizer, prices, clock, logger)
        self.agi.routes.serve(balance.SCRIPT, teller.answer)
        self.office = Office(
            store.writer, store.queries, prices, clock, site.currency, self.meter.months
        )
        self.reload = Reload(
            self._in_force.read,
            self._in_force.again,
            prices,
            OfferGuard(store.queries, prices, clock),
            self.office.provisioning,
            self._taken,
            self._after_reload,
            PlanRecord(store.writer, store.queries.plans, clock, logger),
            self.journal,
            logger,
        )
        self.dates = EffectiveDates(
            self._in_force.next_change_s, self.reload.advance, clock, logger
        )
        self.account_dates = AccountDates(store.queries.subscriptions, self._review, clock, logger)
        store.writer.on_accounts(self.account_dates.changed)
        self.billing = BillingWatch(
            store.writer, store.queries, prices, clock, self.office.turn, logger, self._review
        )
        self.api = ApiServer(
            settings.socket,
            self.office,
            store.queries,
            self.meter,
            self.journal,
            prices,
            self.archive,
            self.reload,
            self.billing.billing,
        )

    async def start(self, stop: asyncio.Event, reread: asyncio.Event) -> None:
        """Start every part, unless told to stop before Asterisk was there."""
        self._store.writer.on_credit(self.meter.on_credit)
        self.journal.keep_with(self.archive.keep, (await self._store.queries.event_ids())[1])
        await self.office.align_wallets()
        await self.reload.inspect()
        await self.reload.started()
        seen_us = await self._store.queries.pbx_seen(self._settings.pbx)
        calls = await self.recovery.restore(seen_us)
        for live in self.meter.calls():
            # Else nobody would know of a call taken up that it was the caller who hung up.
            self.expect_caller(live.call.granted.attempt.caller.uniqueid, live.call.call_id)
        await self._review()
        self._log.info("starting", calls_taken_up=calls, database=str(self._settings.database))
        await self.api.start()
        self._background.run(self._obey_hangups(reread))
        await self.ami.start()
        await self._until_compared(stop)
        if stop.is_set():
            return
        await self.agi.start()
        # What is there by now lives as long as the daemon; to look through it again and again for
        # garbage would stop the loop for some 50 ms each time.
        gc.collect()
        gc.freeze()
        timing = self._settings.timing
        self._background.run(
            self.recovery.watch(min(timing.status_check_s, timing.spool_check_s)),
            self._stay_alive(),
            self._lag.watch(),
            self.dates.watch(),
            self.account_dates.watch(),
            self.billing.watch(),
            self.phone_features.watch(),
            self.archive.forget_old(),
            self._tell_systemd(),
        )
        self._notifier.say("READY=1", f"STATUS=metering {calls} calls taken up")
        self._log.info("ready", fastagi=f"{self._settings.fastagi.host}:{self.agi.port}")

    async def stop(self) -> None:
        """Grant nothing more, leave live calls to their leases, end every part."""
        self._notifier.say("STOPPING=1")
        self.authorizer.stopping = True
        self._log.info(
            "stopping",
            live_calls=len(self.meter),
            loop_late_ms=self._lag.worst_ms,
            loop_own_ms=self._lag.worst_own_ms,
        )
        await self.agi.close()
        await self._background.stop()
        await self.legs.close()
        await self.meter.close()
        await self.ami.close()
        await self.api.stop()
        await self.archive.close()

    def expect_caller(self, uniqueid: str, call_id: str) -> None:
        """See Listener."""
        self.listener.expect_caller(uniqueid, call_id)

    def want(self) -> None:
        """See Recovery."""
        self.recovery.want()

    def _hear(self, event: Event) -> None:
        """Who judges a leg hears of it before its call does."""
        if isinstance(event, AsteriskCdr):
            self.confirmation.hear(event)
        elif self.legs.hear(event):
            self.listener.hear(event)

    def _asterisk_lost(self) -> None:
        self.meter.hearing(False)
        self.confirmation.forget()
        self._log.warning("Asterisk is away, live calls stay on their leases")

    def _event_unreadable(self) -> None:
        """It may have been anything: from here on the live calls count as heard with a gap."""
        self.meter.hearing(False)
        self.meter.hearing(True)
        self.want()

    def _settled(self, call: Call, cdr: Cdr) -> None:
        self.confirmation.settled(call, cdr)
        self.billing.settled(cdr)
        if cdr.uniqueid is not None:
            self.spool.settled(cdr.uniqueid)

    async def _compare(self) -> None:
        self.meter.hearing(True)
        # Before any leg is judged: what the dialplan puts through as an emergency is one.
        await self.legs.emergency.compare()
        await self.recovery.resync()
        self.phone_features.connected()
        about = await self.ami.core_settings()
        self._log.info(
            "compared with Asterisk", live_calls=len(self.meter), asterisk=about.asterisk_version
        )

    async def _obey_hangups(self, reread: asyncio.Event) -> None:
        """Each SIGHUP reads the files anew; what is wrong with them stands in the log."""
        while True:
            await reread.wait()
            reread.clear()
            try:
                await self.reload.reload("SIGHUP", PlanSource.RELOAD)
            except OperatingError as error:
                self._log.error("plans not changed", error=str(error))

    def _taken(self) -> None:
        """In the step in which the files come into force: what goes with them."""
        self._in_force.take_settings()
        self.dates.changed()
        self.legs.emergency.read()

    async def _after_reload(self) -> None:
        """What follows from files that came into force."""
        try:
            await self.office.provisioning.follow_products()
            await self._review()
        except OperatingError as error:
            self._log.error("what runs does not follow the plans yet", error=str(error))
        if self.ami.ready:
            await self.legs.emergency.compare()

    async def _review(self) -> None:
        """Tell the running calls, and phones, what accounts, plans and products say now."""
        self.phone_features.changed()
        prices, now_us = self._in_force.prices, self._clock.wall_us()
        await review(
            self.meter, self._store.queries, prices.plans, now_us, offering=prices.offering
        )

    async def _until_compared(self, stop: asyncio.Event) -> None:
        """Wait for Asterisk as long as it takes; the log says why."""
        while not stop.is_set():
            try:
                await self.ami.wait_ready(1.0)
            except OperatingError as error:
                self._notifier.say(f"STATUS=waiting for Asterisk: {error}")
            else:
                return

    async def _stay_alive(self) -> None:
        """Every few seconds: note the proof of life, write what could not be written before."""
        while True:
            proof = self.ami.last_proof
            if self.ami.ready and proof is not None:
                try:
                    await self.recovery.alive(proof.asterisk_at_us)
                except OperatingError as error:
                    self._log.error("proof of life not stored", error=str(error))
            await self.reload.catch_up()
            self.month_turn.look()
            self.refusals.retry()
            await asyncio.sleep(ALIVE_EVERY_S)

    async def _tell_systemd(self) -> None:
        every_s = (self._notifier.watchdog_s or 2 * ALIVE_EVERY_S) / 2
        await pulse.keep_telling(
            lambda: self._notifier.say("WATCHDOG=1"),
            lambda: pulse.prove(
                self._settings.fastagi.host, self.agi.port, self._store.writer.heartbeat
            ),
            every_s,
            self._log,
        )
