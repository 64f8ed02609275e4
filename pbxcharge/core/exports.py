"""Records handed to other systems: streams of files, each record in one file, once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of a stream.

    Args:
        stream: for whom it is, such as `mediation`; each stream has every record.
        number: of the file, from 1 without a gap.
        first_seq: sequence number of its first record.
        last_seq: of its last one.
        at_us: when its records were chosen.
        actor: who asked for it.
        through_row: how far into the table of records it reached.
        through_call_id: the record that stands there; None if there was none yet.
        written: whether it lies where it was wanted.
    """

    stream: str
    number: int
    first_seq: int
    last_seq: int
    at_us: int
    actor: str
    through_row: int
    through_call_id: str | None
    written: bool = False

    @property
    def name(self) -> str:
        """`cdr-mediation-000000001-000005000.csv`: its records by their sequence numbers."""
        return f"cdr-{self.stream}-{self.first_seq:09}-{self.last_seq:09}.csv"


@dataclass(frozen=True, slots=True)
class ToExport:
    """Records that a stream has not had, in order.

    Args:
        records: call id and revision; a correction is a record of its own, revision 1, 2, …
        through_row: how far into the table of records they reach.
        through_call_id: the record that stands there.
    """

    records: tuple[tuple[str, int], ...]
    through_row: int
    through_call_id: str | None
