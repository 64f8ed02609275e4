"""A manager session that writes every event down with Asterisk's own time."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """One event; a header that comes several times keeps all its values, in order."""

    headers: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]

    @property
    def name(self) -> str:
        """Newstate, Hangup …."""
        return self["Event"]

    @property
    def at_epoch_s(self) -> float:
        """When Asterisk raised it."""
        return float(self["Timestamp"])

    @property
    def call_id(self) -> str:
        """The call whose metered leg this is about (PBXC_LEG), or nothing."""
        return next(
            (v.removeprefix("PBXC_LEG=") for v in self.all("ChanVariable") if v != "PBXC_LEG="), ""
        )


class Observer:
    """A manager session: events in order, and actions with their answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: list[AmiEvent] = []
        # One call raises more than a hundred events: those of one kind, and those of one leg.
        self._kinds: defaultdict[tuple[str, str], list[AmiEvent]] = defaultdict(list)
        self._reader = reader
        self._writer = writer
        self._answers: dict[str, asyncio.Future[AmiEvent]] = {}
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, port: int, user: str, secret: str) -> Self:
        """Log in.

        Raises:
            PermissionError: Asterisk does not know the user or the secret.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        session = cls(reader, writer)
        answer = await session.action("Login", Username=user, Secret=secret)
        if answer["Response"] != "Success":
            await session.close()
            raise PermissionError(answer["Message"])
        return session

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    async def _read(self) -> None:
        while True:
            try:
                block = await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            lines = block.decode(errors="replace").split("\r\n")
            pairs = (line.partition(": ") for line in lines if line)
            self._take(AmiEvent(tuple((name, value) for name, _, value in pairs)))

    def _take(self, event: AmiEvent) -> None:
        waiting = self._answers.pop(event["ActionID"], None) if event["Response"] else None
        if waiting is not None:
            waiting.set_result(event)
        elif event.name:
            self.events.append(event)
            self._kinds[event.name, ""].append(event)
            if event["Uniqueid"]:
                self._kinds[event.name, event["Uniqueid"]].append(event)
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    async def action(self, action: str, **fields: str) -> AmiEvent:
        """Send an action and wait for its answer (lists arrive as events)."""
        action_id = f"observer-{next(self._numbers)}"
        self._answers[action_id] = asyncio.get_running_loop().create_future()
        lines = [f"Action: {action}", f"ActionID: {action_id}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(5):
            return await self._answers[action_id]

    def seen(self, name: str, **headers: str) -> list[AmiEvent]:
        """Every event so far with this name and these headers."""
        kind = self._kinds[name, headers.get("Uniqueid", "")]
        return [event for event in kind if _matches(event, headers)]

    async def wait_for(
        self,
        name: str,
        within_s: float = 10.0,
        *,
        where: Callable[[AmiEvent], bool] = lambda _: True,
        **headers: str,
    ) -> AmiEvent:
        """The first event, past or to come, with this name, these headers and this property.

        Raises:
            TimeoutError: it did not come in time.
        """
        kind, looked_at = self._kinds[name, headers.get("Uniqueid", "")], 0
        try:
            async with asyncio.timeout(within_s):
                while True:
                    for event in kind[looked_at:]:
                        if _matches(event, headers) and where(event):
                            return event
                    looked_at = len(kind)
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"no {name} {headers} within {within_s} s") from None

    async def leg_of(self, call_id: str, within_s: float = 10.0) -> str:
        """The Uniqueid of a call's metered leg."""
        event = await self.wait_for("VarSet", within_s, Variable="PBXC_LEG", Value=call_id)
        return event["Uniqueid"]

    async def answered(self, uniqueid: str, within_s: float = 10.0) -> float:
        """When a leg was answered, by Asterisk's clock.

        An event bears the instant at which it was made, on a busy machine milliseconds after
        what it tells; a metered leg says itself when it was answered.
        """
        event = await self.wait_for("Newstate", within_s, Uniqueid=uniqueid, ChannelState="6")
        if event.call_id in {"", "emergency"}:
            return event.at_epoch_s
        said = await self.wait_for("VarSet", 5, Uniqueid=uniqueid, Variable="PBXC_ANSWERED")
        return float(said["Value"])

    async def ended(self, uniqueid: str, within_s: float = 30.0) -> float:
        """When a leg was hung up, by Asterisk's clock; a metered leg has said so itself."""
        hangup = await self.wait_for("Hangup", within_s, Uniqueid=uniqueid)
        written = self.seen("Newexten", Uniqueid=uniqueid, Context="pbxc-ended", Priority="1")
        if not written:
            return hangup.at_epoch_s
        return float(written[0]["AppData"].split("|")[3])


def _matches(event: AmiEvent, headers: dict[str, str]) -> bool:
    return all(event[key] == value for key, value in headers.items())
