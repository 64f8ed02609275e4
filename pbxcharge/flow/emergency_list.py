"""The emergency numbers that Asterisk has loaded, compared with the site's list."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from pbxcharge.catalog import emergency
from pbxcharge.catalog.emergency import EmergencyRoute
from pbxcharge.errors import OperatingError
from pbxcharge.logger import Logger


class Dialplan(Protocol):
    """Who can say what Asterisk has loaded."""

    async def loaded_context(self, context: str) -> Mapping[str, str]:
        """Its extensions, with what each of them does. Raises AmiDown or AmiRefused."""
        ...


class EmergencyList:
    """Compares, and tells who watches trunks what is an emergency, whatever the list says.

    Args:
        dialplan: Asterisk's.
        routes: the site's list as it is now.
        learn: told what is dialled in an emergency.
        log: for the operator.
    """

    def __init__(
        self,
        dialplan: Dialplan,
        routes: Callable[[], tuple[EmergencyRoute, ...]],
        learn: Callable[[Iterable[str]], None],
        log: Logger,
    ) -> None:
        self._dialplan = dialplan
        self._routes = routes
        self._learn = learn
        self._log = log
        self.read()

    def read(self) -> None:
        """The site's list may be another one now."""
        self._learn(route.dials for route in self._routes())

    async def compare(self) -> None:
        """The dialplan holds the list a second time; a difference is said, loudly."""
        try:
            loaded = await self._dialplan.loaded_context(emergency.CONTEXT)
        except OperatingError as error:
            self._log.error("emergency numbers not compared", error=str(error))
            return
        # Also those that are no more on the list: nothing may end what the dialplan puts through.
        self._learn(emergency.dialled_by(loaded))
        if finding := emergency.compare_loaded(self._routes(), loaded, "Asterisk's dialplan"):
            self._log.error(finding.message, hint=finding.hint)
