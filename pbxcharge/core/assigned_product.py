"""A product as an account has it: which one, and from when until when."""

from dataclasses import dataclass
from enum import StrEnum


class ProductKind(StrEnum):
    """An account has one main product, and any number of add-ons beside it."""

    MAIN = "main"
    ADD_ON = "add_on"


@dataclass(frozen=True, slots=True)
class AssignedDiscount:
    """Included minutes or a volume discount of one account's own, from an instant on.

    Args:
        name: of the discount, as it is written in its file.
        from_us: UTC microsecond; what rolls over is of periods that end after it.
    """

    name: str
    from_us: int


@dataclass(frozen=True, slots=True)
class AssignedProduct:
    """A product of an account, from an instant until another; at that one it is gone.

    Args:
        assignment_id: chosen by who assigns it.
        product: its name.
        kind: main or add-on.
        from_us: UTC microsecond of its activation.
        until_us: of its expiration; None is for good.
    """

    assignment_id: str
    product: str
    kind: ProductKind
    from_us: int
    until_us: int | None = None

    def runs(self, at_us: int) -> bool:
        """Whether it counts at an instant: from 12:00 until 13:00 is not at 13:00 any more."""
        return self.from_us <= at_us and (self.until_us is None or at_us < self.until_us)
