"""Work that the garbage collector must not interrupt."""

import gc

from pbxcharge.flow.uncollected import uncollected


def test_the_collector_rests_until_the_last_work_is_done() -> None:
    """Two at once. Seen failing without the count."""
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
