"""What can go wrong in operation, as one small tree; docstrings tell the operator what to do."""

import pwd
from pathlib import Path


def _user(uid: int) -> str:
    """A user's name, or the number of one without a name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


class PbxchargeError(Exception):
    """The root of every error that the operator, not the programmer, can put right."""


class AmountError(PbxchargeError):
    """An amount or a price cannot be read: write it as plain decimal digits, such as 0.25."""


class OperatingError(PbxchargeError):
    """Something outside the program does not do its part: see the message and the log."""


class AgiError(OperatingError):
    """Asterisk, or somebody else at the FastAGI port, broke the protocol: look at who connects."""


class AgiHangup(AgiError):
    """The caller hung up before the answer was there: nothing to do."""


class PortTaken(OperatingError):
    """The FastAGI port cannot be had: see who listens there, or set another `fastagi.port`."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"cannot listen at {host}:{port}: {why}")


class AmiDown(OperatingError):
    """No usable AMI connection: check that Asterisk runs, its port and its manager.conf.

    An action that raises this may or may not have been carried out.
    """


class AmiNoReply(AmiDown):
    """Asterisk did not answer in time: check its load. The action may have been carried out."""


class AmiRefused(OperatingError):
    """Asterisk refused an action or the login: compare user, secret and rights in manager.conf."""


class AmiMalformed(OperatingError):
    """Asterisk sent a message that cannot be trusted: check version and manager.conf."""


class ChannelGone(AmiRefused):
    """The channel does not exist (any more): nothing to do, its end is on the way."""


class StorageDown(OperatingError):
    """The database cannot be written: look at the disk (space, mount, rights) and the log.

    Nothing was done, or it is not known whether it was; the same command may be given again.
    """


class Overloaded(OperatingError):
    """More writes wait than may wait: the disk is too slow for the load, or hangs."""


class WriteRefused(PbxchargeError):
    """The database's own rules refuse this one write, such as a number that is taken."""


class StorageDamaged(OperatingError):
    """The database is damaged: run `pbxcharge verify`, and restore the last good copy."""


class LockTaken(OperatingError):
    """Another process writes this database: give the command through it, or stop it first."""

    def __init__(self, database: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"{database} is being written by {holder}")
        self.pid = pid


class NotTheOwner(OperatingError):
    """The database belongs to another user: run the command as that user."""

    def __init__(self, path: Path, owner_uid: int) -> None:
        super().__init__(f"{path} belongs to {_user(owner_uid)}: run this as that user")
        self.owner_uid = owner_uid


class SchemaAhead(OperatingError):
    """A newer release has written the database: run that release, or restore an older copy."""

    def __init__(self, database: Path, version: int, known: int) -> None:
        super().__init__(f"{database} has schema {version}, this release knows up to {known}")
        self.version = version


class SchemaBehind(OperatingError):
    """The database is of an older release: run `pbxcharge db migrate`."""

    def __init__(self, database: Path, version: int, wanted: int) -> None:
        super().__init__(
            f"{database} has schema {version}, this release needs {wanted}: "
            "run `pbxcharge db migrate`"
        )
        self.version = version


class WrongCurrency(OperatingError):
    """The database keeps its books in another currency than the site's settings name."""

    def __init__(self, database: Path, kept: str, wanted: str) -> None:
        super().__init__(f"{database} keeps its books in {kept}, not in {wanted}")


class OtherNode(OperatingError):
    """Calls of another PBX are open in these books: its name changed, or the file was copied.

    Settle them under that name first; only that PBX can say when they ended.
    """

    def __init__(self, database: Path, kept: str, wanted: str) -> None:
        super().__init__(f"{database} has open calls of the PBX {kept}, this one is {wanted}")


class SocketTaken(OperatingError):
    """The socket of the local API cannot be had: see who listens there, or set another `socket`."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"cannot listen at {path}: {why}")


class NobodyThere(OperatingError):
    """Nobody listens at the daemon's socket: start the daemon (`pbxcharge serve`)."""


class NoAnswer(OperatingError):
    """The daemon, or whoever writes the database, does not answer: look whether it is stopped."""


class OutcomeUnknown(OperatingError):
    """The answer was lost on the way: give the same command with the same id again."""


class ActDeclined(PbxchargeError):
    """What was asked for is declined; nothing changed. The message says what to do instead."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DatabaseMissing(OperatingError):
    """There is no database yet: `pbxcharge db migrate` makes it, and so does the daemon's start."""

    def __init__(self, database: Path) -> None:
        super().__init__(
            f"{database} does not exist: run `pbxcharge db migrate`, or start the daemon"
        )


class ForeignLog(OperatingError):
    """A backup lies beside the write-ahead log of the books it replaced: move that log away.

    SQLite would write pages of the lost books over the restored ones.
    """

    def __init__(self, log: Path) -> None:
        super().__init__(
            f"{log} does not belong to these books, which were restored from a backup: "
            "move it away, then start again"
        )


class ExportRuns(PbxchargeError):
    """Another export of the same stream is at work: wait until it has ended."""


class ExportDiffers(PbxchargeError):
    """A file of the same name has other records: compare it before it is moved away."""


class BackupExists(OperatingError):
    """A backup is never written over a file: name another one."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already: a backup is never written over a file")


class BackupFailed(OperatingError):
    """The backup cannot be written: look at its folder (it exists, space, rights)."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be written: {why}")


class ChartsMissing(OperatingError):
    """A library that draws charts is not installed: install the extra `reports` of pbxcharge."""

    def __init__(self, library: str) -> None:
        super().__init__(
            f"pages with charts need {library}, which is not installed: "
            "`pip install 'pbxcharge[reports]'`, or requirements/reports.txt"
        )


class PdfMissing(OperatingError):
    """What makes PDF is not installed: the extra `reports` of pbxcharge, and Debian's Pango."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"PDF needs WeasyPrint and Pango, which cannot be used here ({why}): "
            "`pip install 'pbxcharge[reports]'`, or requirements/reports.txt; and "
            "`apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0`"
        )


class SocketForbidden(OperatingError):
    """This user may not use the daemon's socket: be its user, of its group, or root."""
