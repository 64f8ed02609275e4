"""The API's socket: whose it is, who is at the other end, how it begins and ends."""

import asyncio
import os
import signal
import socket
import stat
from pathlib import Path

import httpx
import pytest

from pbxcharge.api.client import Client
from pbxcharge.api.server import ApiServer
from pbxcharge.api.table import ACTS, READS
from pbxcharge.errors import NoAnswer, NobodyThere, SocketTaken
from tests.integration.api.conftest import Served

TOP_UP = {"id": "p-1", "account_id": "alice", "amount": "10.00"}


def another(served: Served) -> ApiServer:
    """A second server for the same socket."""
    desk = served.server.desk
    assert desk.office is not None
    return ApiServer(
        served.path, desk.office, served.store.queries, served.meter, served.journal, desk.prices
    )


async def test_who_answers_says_who_it_is(served: Served) -> None:
    """Process, currency, live calls."""
    health = await served.client.health()
    assert (health["pid"], health["currency"], health["live_calls"]) == (os.getpid(), "EUR", 0)


async def test_only_user_and_group_may_use_the_socket(served: Served) -> None:
    """Mode 0660."""
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o660


async def test_the_actor_is_the_user_that_the_kernel_names(served: Served) -> None:
    """Whatever headers claim."""
    transport = httpx.AsyncHTTPTransport(uds=str(served.path))
    claims = {"X-Forwarded-For": "uid:4711", "Forwarded": "for=uid:4711", "X-Real-IP": "uid:4711"}
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        answer = await http.post("/topups", json=TOP_UP, headers=claims)
    assert answer.json()["entry"]["actor"] == f"uid:{os.geteuid()}"


async def test_the_process_keeps_its_signals(served: Served) -> None:
    """SIGTERM is the daemon's business; nobody has set a handler while the API is served."""
    assert await served.client.health()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_a_socket_that_answers_is_not_taken(served: Served) -> None:
    """A second daemon is refused, the first goes on."""
    with pytest.raises(SocketTaken, match="somebody answers"):
        await another(served).start()
    assert await served.client.health()


async def test_the_socket_of_a_dead_daemon_is_replaced(served: Served) -> None:
    """Nobody listens at what a killed daemon left behind."""
    await served.server.stop()
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(served.path))
    server = another(served)
    await server.start()
    try:
        assert await served.client.health()
    finally:
        await server.stop()


async def test_what_is_no_socket_is_not_removed(served: Served) -> None:
    """A file in the way may be somebody's."""
    await served.server.stop()
    served.path.write_text("precious")
    with pytest.raises(SocketTaken, match="not a socket"):
        await another(served).start()
    assert served.path.read_text() == "precious"


async def test_a_stop_takes_the_socket_away(served: Served) -> None:
    """And whoever asks after that is told that nobody is there."""
    await served.server.stop()
    assert not served.path.exists()
    with pytest.raises(NobodyThere):
        await Client(served.path).health()


async def test_a_stop_leaves_the_socket_of_a_successor(served: Served) -> None:
    """Only what one has made oneself is removed."""
    served.path.unlink()
    served.path.write_text("another's")
    await served.server.stop()
    assert served.path.exists()


async def test_a_stop_waits_for_nobody(served: Served) -> None:
    """An idle connection and a stream that is read along are ended within two seconds."""
    _, idle = await asyncio.open_unix_connection(str(served.path))
    async with served.client.events() as lines:
        assert await anext(lines) == ""
        async with asyncio.timeout(2):
            await served.server.stop()
            assert [line async for line in lines] == []
    idle.close()


async def test_a_listener_that_says_nothing_is_no_answer(tmp_path: Path) -> None:
    """A stopped daemon's socket still takes connections; the client does not wait for ever."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        client = Client(tmp_path / "s")
        with pytest.raises(NoAnswer):
            await client.health()
        await client.close()


async def test_a_crowd_is_turned_away_with_a_word(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its places the server answers at once, and the client understands it."""
    monkeypatch.setattr(served.server.server.config, "limit_concurrency", 0)
    with pytest.raises(NoAnswer, match="turns us away"):
        await served.client.health()


async def test_the_api_describes_itself(served: Served) -> None:
    """Every path, with what it takes, for programs other than the command line."""
    described = await served.client.get("/openapi.json")
    paths = described["paths"]
    assert set(paths) == {*READS, *ACTS, "/events"}
    schema = paths["/topups"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/MoneyBody"}
    assert [asked["name"] for asked in paths["/quote"]["get"]["parameters"]] == [
        "account_id",
        "number",
        "seconds",
        "incoming",
        "at",
        "credit",
        "forwarded",
        "access",
    ]
