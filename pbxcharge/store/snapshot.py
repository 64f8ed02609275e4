"""The books read by a command of its own, beside whoever writes them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pbxcharge.store.connection import read_only_uri
from pbxcharge.store.lock import refuse_other_owners
from pbxcharge.store.migrate import require_newest


@contextmanager
def snapshot(database: Path) -> Iterator[sqlite3.Connection]:
    """One state of the books, whatever is written meanwhile; nothing can be written through it.

    Raises:
        NotTheOwner: reading would leave files that the owner cannot use.
        SchemaBehind, SchemaAhead: they are another release's.
    """
    refuse_other_owners(database)
    require_newest(database)
    connection = sqlite3.connect(read_only_uri(database), uri=True, isolation_level=None)
    with closing(connection):
        connection.execute("BEGIN")
        yield connection
