"""The books on disk: SQLite, one writer, every answer durable before it is given."""

from pbxcharge.store.lock import WriterLock
from pbxcharge.store.migrate import migrate_alone
from pbxcharge.store.opening import Store, open_store
from pbxcharge.store.queries import Queries
from pbxcharge.store.writer import Writer

__all__ = ["Queries", "Store", "Writer", "WriterLock", "migrate_alone", "open_store"]
