"""Numbers, codes, the incoming wallet and calls of every kind on the command line."""

from tests.fakes.fake_asterisk import FakeAsterisk
from tests.site import Site


async def house(site: Site) -> None:
    """Bob of globex beside Alice of acme; he may be called from outside."""
    await site.run("account", "add", "globex", "--code", "20")
    await site.run("account", "add", "bob", "--parent", "globex", "--plan", "retail")
    await site.run("extension", "add", "bob-1", "--number", "101", "--account", "bob")
    await site.run("did", "add", "02079460101", "--account", "bob")


async def test_a_number_is_added_listed_and_removed(site: Site) -> None:
    """Happy, repeated, declined, gone."""
    await house(site)
    words = ("did", "add", "442079460101", "--account", "bob")
    done = "442079460101 reaches bob-1, paid by bob\n"
    assert (await site.run(*words)).out == f"already done: {done}"
    assert "remove it first" in (await site.run(*words, "--context", "menu", code=1)).err
    assert (await site.run("did", "list")).out.split()[-3:] == ["442079460101", "bob", "bob-1"]
    assert (await site.ask("did", "list", "acme"))["dids"] == []
    removed = await site.run("did", "remove", "442079460101")
    assert removed.out == "442079460101 no longer reaches bob-1, paid by bob\n"
    assert "no numbers" in (await site.run("did", "list")).err


async def test_each_wallet_is_topped_up_and_shown_by_itself(site: Site) -> None:
    """Outgoing unless it is said otherwise."""
    await house(site)
    paid = await site.run("topup", "bob", "3", "--wallet", "incoming", "--id", "t")
    assert paid.out == "bob:incoming +3.00 EUR, balance 5.00 EUR, id t\n"
    await site.run("adjust", "bob", "-1", "--wallet", "incoming", "--note", "test")
    shown = (await site.ask("balance", "bob"))["wallets"]
    assert {wallet["kind"]: wallet["balance"] for wallet in shown} == {
        "outgoing": "10.00",
        "incoming": "4.00",
    }
    entries = (await site.ask("ledger", "bob", "--wallet", "incoming"))["entries"]
    assert [entry["balance"] for entry in entries] == ["2.00", "5.00", "4.00"]
    assert "incoming balance" in (await site.run("account", "show", "bob")).out


async def test_every_kind_of_call_has_its_quote(site: Site) -> None:
    """A colleague, another organization, a number of this site, a caller from outside."""
    await house(site)
    await site.run("extension", "add", "bob-2", "--number", "102", "--account", "bob")
    quotes = {
        "102": "60 s to 102 (local), ",
        "820102": "60 s to 102 (local), ",
        "02079460101": "60 s to 442079460101 (local), ",
        "02079460999": "60 s to 442079460999, ",
    }
    for number, told in quotes.items():
        assert (await site.run("quote", "bob", number)).out.startswith(told), number
    came = await site.run("quote", "bob", "004420123456", "61", "--incoming")
    assert came.out.startswith("61 s from 4420123456 (incoming)")
    assert "@incoming:44" in came.out
    refused = await site.run("quote", "alice", "820101", code=1)
    assert "call_type_not_allowed" in refused.out


async def test_a_call_from_outside_is_listed_and_explained(
    served: Site, asterisk: FakeAsterisk
) -> None:
    """Kind, direction, who called by which trunk, and whose phone rang."""
    await house(served)
    call = asterisk.place_incoming("+442079460101", "+4930123456")
    assert await call.authorize(), call.verdict
    call.dial()
    call.answer()
    await served.log.wait("answered")
    call.hang_up()
    await served.log.wait("settled")
    shown = (await served.run("explain", call.call_id)).out
    for line in (
        "because       the number that was called is its",
        "type          incoming: from outside",
        "from          4930123456 by carrier",
        "dialled       +442079460101 as the trunk sent it, which is 442079460101",
        "reached       bob-1",
        "bob pays 0.02 EUR",
        "plan     retail, version",
    ):
        assert line in shown, shown
    (listed,) = (await served.ask("cdr", "list", "bob"))["cdrs"]
    assert (listed["call_type"], listed["direction"]) == ("incoming", "incoming")
