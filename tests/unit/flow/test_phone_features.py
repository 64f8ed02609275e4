"""Features of phones in Asterisk's database: written before a call goes on, and no earlier."""

import asyncio
from dataclasses import replace

import pytest

from pbxcharge.core.account import Account, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.feature import Feature, FeatureSetting, Service
from pbxcharge.core.phone_features import FAMILY, feature_line
from pbxcharge.core.product import Product
from pbxcharge.errors import AgiHangup
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.phone_features import PhoneFeatures
from pbxcharge.flow.prices import Prices
from tests.fakes.plans import NUMBERING
from tests.fakes.recording_logger import RecordingLogger

SETTINGS = (
    FeatureSetting(Feature.CALL_FORWARDING, True, {"max_targets": 3}),
    FeatureSetting(Feature.HIDDEN_NUMBER, True),
    FeatureSetting(Feature.MAILBOX, True, {"limit": 50}),
    FeatureSetting(Feature.MUSIC_ON_HOLD, True, {"music_class": "jazz:cool"}),
)
SMART = Product(
    name="smart",
    services=frozenset({Service.VOICE_CALLS}),
    features={each.feature: each for each in SETTINGS},
)
MAIN = AssignedProduct("m", "smart", ProductKind.MAIN, 0)
ACTIVE = AccountStatus.ACTIVE
ALICE = Account("alice", AccountKind.USER, "acme", "Alice", "p", ACTIVE, product="smart")
ALICE = replace(ALICE, assigned=(MAIN,))
LINE = "no:3:yes:no:50:jazzcool"


class Asterisk:
    """Its database, and a dialplan that asks; it may hang up at once."""

    def __init__(self, gone: bool = False, **values: str) -> None:
        self.values = values
        self.gone = gone
        self.written: list[str] = []

    async def db_values(self, family: str) -> dict[str, str]:
        """What stands there."""
        assert family == FAMILY
        return dict(self.values)

    async def database_put(self, family: str, key: str, value: str) -> None:
        """Write."""
        if self.gone:
            raise AgiHangup("gone")
        await asyncio.sleep(0)
        self.values[key] = value
        self.written.append(key)

    async def database_del(self, family: str, key: str) -> None:
        """Delete."""
        del self.values[key]


class Phones:
    """So many phones of alice."""

    def __init__(self, *endpoints: str) -> None:
        self.endpoints = list(endpoints)

    async def phones_with_products(self) -> list[tuple[Extension, Account]]:
        """All of them."""
        return [(Extension(endpoint, "101", "alice"), ALICE) for endpoint in self.endpoints]


async def kept(asterisk: Asterisk, phones: Phones) -> PhoneFeatures:
    """After the first comparison."""
    prices = Prices({}, NUMBERING, products={"smart": SMART})
    features = PhoneFeatures(asterisk, phones, prices, Clock(), RecordingLogger())
    await features.compare()
    return features


def test_a_line_has_every_feature_that_asterisk_obeys() -> None:
    """In a fixed order; a separator in a name is left out. Without a product there is no line."""
    assert feature_line(ALICE, {"smart": SMART}, 1) == LINE
    assert feature_line(ALICE, {}, 1) == "no:0:no:no::"
    assert feature_line(replace(ALICE, product=None), {"smart": SMART}, 1) == ""


async def test_what_differs_is_written_with_the_call_that_it_is_about() -> None:
    """Of others so many as may be; what is right already is not written again."""
    asterisk = Asterisk(known=LINE, old="yes:1:no:no::")
    features = await kept(asterisk, Phones("known", "old", "new", "other"))
    await features.write(asterisk, "new", None)
    assert asterisk.written == ["new"]
    await features.write(asterisk, "nobody", more=5)
    assert sorted(asterisk.written) == ["new", "old", "other"]
    await features.write(asterisk, "new", "known", more=5)
    assert len(asterisk.written) == 3


async def test_a_phone_without_a_product_has_no_entry_any_more() -> None:
    """It is deleted, and may have everything again."""
    asterisk = Asterisk(gone_phone=LINE)
    features = await kept(asterisk, Phones())
    await features.write(asterisk, "gone_phone")
    assert asterisk.values == {}


async def test_what_was_not_written_waits_for_the_next_call() -> None:
    """The caller hung up in the middle."""
    asterisk = Asterisk(gone=True)
    features = await kept(asterisk, Phones("alice"))
    with pytest.raises(AgiHangup):
        await features.write(asterisk, "alice")
    asterisk.gone = False
    await features.write(asterisk, "alice")
    assert asterisk.values == {"alice": LINE}


async def test_calls_at_once_write_each_phone_once() -> None:
    """Each found all of them waiting; what another call writes first is no harm to its own."""
    asterisk = Asterisk()
    features = await kept(asterisk, Phones("a", "b", "c"))
    await asyncio.gather(*(features.write(asterisk, "a", "b", "c") for _ in range(4)))
    assert sorted(asterisk.written) == ["a", "b", "c"]


async def test_another_asterisk_is_asked_again() -> None:
    """After each connect: its database may have been lost."""
    asterisk = Asterisk()
    features = await kept(asterisk, Phones("alice"))
    await features.write(asterisk, "alice")
    asterisk.values.clear()
    features.connected()
    await features.compare()
    await features.write(asterisk, "alice")
    assert asterisk.values == {"alice": LINE}
