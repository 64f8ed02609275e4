"""Resolution: what a dialled string means, and who calls whom."""

from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.number import Numbering, NumberRule
from pbxcharge.core.plan import CallType, priced_as
from pbxcharge.core.resolution import (
    Inside,
    Outside,
    from_outside,
    meanings,
    sent_as,
    to_did,
    to_phone,
)

RULES = (NumberRule("+", 1, ""), NumberRule("00", 2, ""), NumberRule("0", 1, "44"))
DIALLING = Numbering((*RULES, NumberRule("", 0, "44")), on_net="8")
CODES = {"20": "globex", "3": "initech"}
BOB = Account("bob", AccountKind.USER, "globex", "Bob", "retail", AccountStatus.ACTIVE)
DIGITS = st.text("0123456789", min_size=1, max_size=15)


def test_a_string_may_mean_three_things_in_this_order() -> None:
    """A colleague's number, one of another organization, and a number of the public network."""
    assert meanings("820101", "acme", DIALLING, CODES) == (
        Inside("acme", "820101"),
        Inside("globex", "101"),
        Outside("44820101"),
    )


@given(code=DIGITS, extension=DIGITS, others=st.lists(DIGITS))
def test_the_on_net_form_reaches_its_organization(
    code: str, extension: str, others: list[str]
) -> None:
    """Prefix, code and number, whatever codes there are, as long as none begins another.

    Seen failing with `rest[end + 1 :]` in `_on_net`.
    """
    apart = [other for other in others if not (other.startswith(code) or code.startswith(other))]
    codes = {**dict.fromkeys(apart, "other"), code: "globex"}
    found = meanings(f"8{code}{extension}", "acme", DIALLING, codes)
    assert found[1] == Inside("globex", extension)


@given(st.text(max_size=40))
def test_whatever_is_dialled_has_no_meaning_after_the_public_one(dialled: str) -> None:
    """Text of any kind: what is outside comes last, and is a number."""
    *inside, last = (*meanings(dialled, "acme", DIALLING, CODES), Inside("", ""))
    assert all(isinstance(meaning, Inside) for meaning in inside[:-1])
    assert last == Inside("", "")


def test_without_a_prefix_no_code_is_looked_for() -> None:
    """A site whose organizations are strangers to each other."""
    found = meanings("20101", "acme", Numbering(RULES), CODES)
    assert found == (Inside("acme", "20101"),)


def test_the_organizations_make_a_call_local_or_extended() -> None:
    """The same phone, called by a colleague and by somebody else."""
    phone, meant = Extension("bob-desk", "101", "bob"), Inside("globex", "101")
    assert to_phone(phone, meant, "globex").call_type is CallType.LOCAL
    assert to_phone(phone, meant, "acme").call_type is CallType.EXTENDED_LOCAL


def test_a_did_that_is_dialled_inside_takes_no_trunk() -> None:
    """Its type is that of a call to a phone of its owner's organization."""
    did = Did("442079460000", "bob", "bob-desk")
    route = to_did(did, BOB, "acme")
    assert (route.call_type, route.endpoint) == (CallType.EXTENDED_LOCAL, "bob-desk")
    assert to_did(did, BOB, "globex").call_type is CallType.LOCAL


def test_trunks_write_one_number_in_many_ways() -> None:
    """With plus, without, or as it is dialled at home."""
    numbering = Numbering(RULES)
    for sent in ("442079460000", "+442079460000", "00442079460000", "02079460000"):
        assert "442079460000" in sent_as(sent, numbering), sent
    assert sent_as("sip:bob", numbering) == ()


def test_the_callers_number_prices_an_incoming_call() -> None:
    """As the rules know it, else its digits; unknown callers have the general price."""
    did, numbering = Did("442079460000", "bob", "bob-desk"), Numbering(RULES)
    callers = ("004930123456", "4930123456", "", "anonymous")
    found = [from_outside(did, caller, numbering) for caller in callers]
    assert [route.caller_number for route in found] == ["4930123456", "4930123456", "", ""]
    priced = priced_as(CallType.INCOMING, "442079460000", found[0].caller_number)
    assert priced == "@incoming:4930123456"
