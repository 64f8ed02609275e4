"""Numbers of the public network and codes of organizations, given and taken by the office."""

from dataclasses import replace

import pytest

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store
from tests.fakes.plans import NUMBERING, PLANS

DID = Did("442079460101", "alice", "desk")
GLOBEX = Account(
    "globex", AccountKind.ORGANIZATION, None, "Globex", None, AccountStatus.ACTIVE, "20"
)


@pytest.fixture
async def staffed(office: Office) -> Office:
    """Alice has one phone, and globex the code 20."""
    await office.provisioning.add_extension(Extension("desk", "101", "alice"), "uid:0")
    await office.provisioning.add_account(GLOBEX, "uid:0")
    return office


async def test_a_number_is_given_once(staffed: Office, store: Store) -> None:
    """As it is dialled or as the trunk sends it; without a phone it rings the only one."""
    assert await staffed.numbers.add(replace(DID, number="00442079460101"), "uid:0") == Done(DID)
    again = await staffed.numbers.add(replace(DID, endpoint=None), "uid:0")
    assert again == Done(DID, already=True)
    assert await store.queries.dids(None) == [DID]
    found = await store.directory.did(DID.number)
    assert found is not None
    assert [account.account_id for account in found[1]] == ["alice", "acme"]


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        (replace(DID, number="112"), Refusal.NAME_INVALID),
        (replace(DID, number="sip:alice"), Refusal.NAME_INVALID),
        (replace(DID, context="menu"), Refusal.NAME_INVALID),
        (replace(DID, endpoint=None, context="a/b"), Refusal.NAME_INVALID),
        (replace(DID, account_id="nobody"), Refusal.UNKNOWN_ACCOUNT),
        (replace(DID, account_id="acme"), Refusal.NOT_A_USER),
        (replace(DID, endpoint="nobodys"), Refusal.NOT_A_PHONE),
    ],
)
async def test_what_cannot_be_a_number_is_declined(
    staffed: Office, store: Store, wanted: Did, refusal: Refusal
) -> None:
    """By name, and nothing is written."""
    act = await staffed.numbers.add(wanted, "uid:0")
    assert isinstance(act, Declined)
    assert act.refusal is refusal
    assert await store.queries.dids(None) == []


async def test_a_number_that_is_taken_must_be_removed_first(staffed: Office, store: Store) -> None:
    """Also where it would only reach something else."""
    await staffed.numbers.add(DID, "uid:0")
    other = replace(DID, endpoint=None, context="menu")
    taken = await staffed.numbers.add(other, "uid:0")
    assert isinstance(taken, Declined)
    assert taken.refusal is Refusal.NUMBER_TAKEN
    assert await staffed.numbers.remove(f"+{DID.number}", "uid:0") == Done(DID)
    assert await store.directory.did(DID.number) is None
    assert await staffed.numbers.add(other, "uid:0") == Done(other)
    gone = await staffed.numbers.remove("442079469999", "uid:0")
    assert isinstance(gone, Declined)
    assert gone.refusal is Refusal.UNKNOWN_DID


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("20", Refusal.CODE_TAKEN),
        ("2", Refusal.CODE_TAKEN),
        ("201", Refusal.CODE_TAKEN),
        ("x", Refusal.NAME_INVALID),
    ],
)
async def test_no_code_is_the_beginning_of_another(
    staffed: Office, code: str, refusal: Refusal
) -> None:
    """Else nobody could tell 8 20 101 from 8 2 0101."""
    wanted = replace(GLOBEX, account_id="initech", code=code)
    act = await staffed.provisioning.add_account(wanted, "uid:0")
    assert isinstance(act, Declined)
    assert act.refusal is refusal


async def test_an_emergency_number_is_no_extension(office: Office, store: Store) -> None:
    """The dialplan would take it first."""
    prices = Prices(PLANS, NUMBERING, {"112": "PJSIP/112@carrier"})
    careful = Office(store.writer, store.queries, prices, Clock(), "EUR")
    act = await careful.provisioning.add_extension(Extension("desk", "112", "alice"), "uid:0")
    assert isinstance(act, Declined)
    assert act.refusal is Refusal.NUMBER_TAKEN
