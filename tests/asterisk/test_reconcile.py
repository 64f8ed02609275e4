"""The books beside the `Master.csv` of a real Asterisk: calls paid for, refused, and to a menu."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import metered_site
from tests.fakes.until import until


async def test_asterisk_tells_the_same_calls() -> None:
    """Two calls to the second; then a row is lost, and one is twice as long."""
    async with metered_site() as metered:
        file = Path(metered.asterisk.folder) / "log" / "cdr-csv" / "Master.csv"
        file.parent.mkdir(exist_ok=True)
        payer = await metered.payer("1.00")
        calls = []
        for talk_s in (2, 4):
            call = await payer.talk(FarEnd.answers(talk_s=talk_s))
            calls.append((await call.cdr())["call_id"])
        await until(lambda: file.exists() and len(file.read_text().splitlines()) >= 2)
        words = ("reconcile", "asterisk", str(file), "--time-zone", "UTC")
        said = await metered.site.ask(*words)
        assert (said["agrees"], said["paired"]) == (True, 2)
        rows = list(csv.reader(file.read_text().splitlines()))
        _, second = (row for row in rows if "PJSIP/carrier-" in row[6])
        longer = [*second[:13], str(2 * int(second[13])), *second[14:]]
        with file.open("w") as text:
            csv.writer(text).writerows([longer, [*second[:16], "1.9", *second[17:]]])
        day = datetime.now(UTC).date().isoformat()
        said = (await metered.site.run("--json", *words, "--from", day, code=1)).json
        assert [it["difference"] for it in said["differences"]] == [
            *("missing_here", "missing_there", "seconds"),
        ]
        assert said["differences"][1]["call_id"] == calls[0]
