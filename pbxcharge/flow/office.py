"""The office: every admin act, whoever brings it, the daemon's socket or a command on its own."""

from collections.abc import Mapping

from pbxcharge.core.plan import Plan
from pbxcharge.flow.cashier import Cashier
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.provision import Provisioning
from pbxcharge.flow.records import Records


class Office:
    """Accounts and money by the operator's hand. One office to a process, as there is one writer.

    Args:
        writer: the one writer.
        records: what is committed.
        plans: the charging plans in force, by name.
        clock: dates entries and the audit trail.
        currency: of the site.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        plans: Mapping[str, Plan],
        clock: Clock,
        currency: str,
    ) -> None:
        self.currency = currency
        self.provisioning = Provisioning(writer, records, plans, clock)
        self.cashier = Cashier(writer, records, clock, currency)

    async def align_floors(self) -> int:
        """Let every wallet be spent as low as its plan says now; how many were changed."""
        return await self.provisioning.align_floors()
