"""Points at which the daemon can be made to die, so that tests prove what a crash there costs.

In operation nothing ever happens here. With `PBXCHARGE_FAILPOINT=after_hold` in the environment
the process kills itself at that point, without a word, as `kill -9` would; with `after_hold:3`
when it is reached for the third time.
"""

import os
import signal
from enum import StrEnum

VARIABLE = "PBXCHARGE_FAILPOINT"


class Failpoint(StrEnum):
    """Every such point, in the order of a call's life; `before` and `after` are as on disk."""

    QUESTION_READ = "question_read"
    BEFORE_HOLD = "before_hold"
    AFTER_HOLD = "after_hold"
    BEFORE_REFUSAL = "before_refusal"
    AFTER_REFUSAL = "after_refusal"
    BEFORE_VERDICT = "before_verdict"
    AFTER_VERDICT = "after_verdict"
    BEFORE_ANSWER = "before_answer"
    AFTER_ANSWER = "after_answer"
    BEFORE_RENEWAL = "before_renewal"
    AFTER_RENEWAL = "after_renewal"
    BEFORE_TIMEOUT = "before_timeout"
    AFTER_TIMEOUT = "after_timeout"
    BEFORE_HANG_UP = "before_hang_up"
    AFTER_HANG_UP = "after_hang_up"
    BEFORE_SETTLEMENT = "before_settlement"
    AFTER_SETTLEMENT = "after_settlement"
    SPOOL_DELETED = "spool_deleted"
    RESTORED = "restored"
    LOOKED = "looked"
    BEFORE_LOST_END = "before_lost_end"
    AFTER_MONEY = "after_money"
    BEFORE_BILLING = "before_billing"
    AFTER_BILLING = "after_billing"
    IN_TRANSACTION = "in_transaction"
    AFTER_COMMIT = "after_commit"


_wanted, _, _count = os.environ.get(VARIABLE, "").partition(":")
_left = int(_count) if _count.isdecimal() else 1


def reach(point: Failpoint) -> None:
    """Die here if that was asked for; otherwise, and in operation always, go on."""
    global _left
    if point != _wanted:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
