"""How many examples a property tries: what is written beside it, or a part or a multiple of that.

`PBXC_EXAMPLES` is that part in percent: `script/check` looks quickly, everything else tries all,
and 10000 is for a night.
"""

import os
from typing import Final

PERCENT: Final = int(os.environ.get("PBXC_EXAMPLES", "100"))


def examples(count: int) -> int:
    """So many examples, as far as the run has time for them: of 400 at 25 percent 100."""
    return max(1, count * PERCENT // 100)
