"""What may be added: every reason at once, the gravest first."""

from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.account import Account, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.codes import Codes
from pbxcharge.flow.rules import against_account, against_extension

ACTIVE = AccountStatus.ACTIVE
DIGITS = st.text("012", min_size=1, max_size=4)


def test_every_reason_against_an_account_is_named_with_its_field() -> None:
    """A wrong id, an empty name, a code of a user, no such parent, no such plan."""
    wanted = Account("a:b", AccountKind.USER, "nobody", " ", "nix", ACTIVE, "7")
    found = list(against_account(wanted, None, {}, Codes({})))
    assert [each.field for each in found] == ["account", "name", "code", "parent", "plan"]


def test_every_reason_against_a_phone_is_named() -> None:
    """A blank in its name, an emergency number that somebody has, an organization as owner."""
    owner = Account("acme", AccountKind.ORGANIZATION, None, "Acme", None, ACTIVE)
    wanted = Extension("a b", "112", "acme")
    found = against_extension(wanted, owner, Extension("c", "112", "carol"), {"112"})
    assert [each.refusal for each in found] == [
        Refusal.NAME_INVALID,
        Refusal.NUMBER_TAKEN,
        Refusal.NOT_A_USER,
        Refusal.NUMBER_TAKEN,
    ]


@given(st.dictionaries(DIGITS, st.just("acme"), max_size=6), DIGITS)
def test_a_code_is_refused_just_if_one_begins_with_the_other(
    codes: dict[str, str], code: str
) -> None:
    """By the tables as by looking at each. Seen failing without the longer codes."""
    clash = any(other.startswith(code) or code.startswith(other) for other in codes)
    assert bool(list(Codes(codes).against(code))) is clash
