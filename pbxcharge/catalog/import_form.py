"""What may stand in a file of accounts, phones and numbers to be imported."""

from typing import Annotated, Any, ClassVar

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.scalars import one_of, reads
from pbxcharge.core.account import AccountKind, AccountStatus


def _cell(text: str) -> str | None:
    return text.strip() or None


Cell = Annotated[str | None, reads(_cell)]
Kind = Annotated[
    AccountKind | None, one_of(AccountKind), reads(lambda text: text.strip().replace("-", "_"))
]
"""As it is written here, or as the command line takes it: service-provider."""
Status = Annotated[AccountStatus | None, one_of(AccountStatus)]


class AccountRow(Form):
    """An account: new, or as it is to be from now on."""

    required: ClassVar[tuple[str, ...]] = ("account",)
    hints: ClassVar[dict[str, str]] = {"account": "the id of the account"}

    account: Cell = None
    kind: Kind = None
    parent: Cell = None
    name: Cell = None
    plan: Cell = None
    code: Cell = None
    time_zone: Cell = None
    status: Status = None


class ExtensionRow(Form):
    """A phone of a user."""

    required: ClassVar[tuple[str, ...]] = ("endpoint",)
    hints: ClassVar[dict[str, str]] = {"endpoint": "the name of its section in pjsip.conf"}

    endpoint: Cell = None
    number: Cell = None
    account: Cell = None


class DidRow(Form):
    """A number of the public network."""

    required: ClassVar[tuple[str, ...]] = ("number",)
    hints: ClassVar[dict[str, str]] = {"number": "a full international number: 442079460000"}

    number: Cell = None
    account: Cell = None
    endpoint: Cell = None
    context: Cell = None


class ImportForm(Form):
    """A whole file."""

    accounts: tuple[AccountRow, ...] = ()
    extensions: tuple[ExtensionRow, ...] = ()
    dids: tuple[DidRow, ...] = ()

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """The rows under their keys."""
        return {"accounts": self.accounts, "extensions": self.extensions, "dids": self.dids}
