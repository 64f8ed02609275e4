"""What may stand in a file of accounts, phones and numbers to be imported."""

from typing import Annotated, Any, ClassVar

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.scalars import one_of, reads
from pbxcharge.core.account_kinds import AccountKind, AccountStatus


def _cell(text: str) -> str | None:
    return text.strip() or None


Cell = Annotated[str | None, reads(_cell, {"type": ["string", "integer"]})]
_KINDS = sorted({spelt for kind in AccountKind for spelt in (kind, kind.replace("_", "-"))})
Kind = Annotated[
    AccountKind | None,
    one_of(AccountKind),
    reads(lambda text: text.strip().replace("-", "_"), {"enum": _KINDS}),
]
"""As it is written here, or as the command line takes it: service-provider."""
Status = Annotated[AccountStatus | None, one_of(AccountStatus)]


class AccountRow(Form):
    """An account: new, or as it is to be from now on."""

    required: ClassVar[tuple[str, ...]] = ("account",)
    hints: ClassVar[dict[str, str]] = {"account": "the id of the account"}

    account: Cell = None
    """Its id."""
    kind: Kind = None
    """`service_provider`, `organization` or `user`."""
    parent: Cell = None
    """The account above it."""
    name: Cell = None
    """For people."""
    plan: Cell = None
    """Its charging plan."""
    product: Cell = None
    """Its main product, in the place of a plan."""
    code: Cell = None
    """Of an organization, by which others dial it."""
    time_zone: Cell = None
    """Such as Europe/Berlin; without one that of the account above counts."""
    status: Status = None
    """`active`, `suspended`, `blocked`, `expired` or `closed`."""


class ExtensionRow(Form):
    """A phone of a user."""

    required: ClassVar[tuple[str, ...]] = ("endpoint",)
    hints: ClassVar[dict[str, str]] = {"endpoint": "the name of its section in pjsip.conf"}

    endpoint: Cell = None
    """Its section in pjsip.conf."""
    number: Cell = None
    """Its number inside the organization."""
    account: Cell = None
    """The user whom it belongs to."""


class DidRow(Form):
    """A number of the public network."""

    required: ClassVar[tuple[str, ...]] = ("number",)
    hints: ClassVar[dict[str, str]] = {"number": "a full international number: 442079460000"}

    number: Cell = None
    """The full international number without a plus."""
    account: Cell = None
    """Who pays for calls to it."""
    endpoint: Cell = None
    """The phone that rings."""
    context: Cell = None
    """The context of the dialplan that takes the call, in the place of a phone."""


class ImportForm(Form):
    """A whole file."""

    accounts: tuple[AccountRow, ...] = ()
    """Service providers, organizations and users."""
    extensions: tuple[ExtensionRow, ...] = ()
    """Phones."""
    dids: tuple[DidRow, ...] = ()
    """Numbers by which users are called from outside."""

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """The rows under their keys."""
        return {"accounts": self.accounts, "extensions": self.extensions, "dids": self.dids}
