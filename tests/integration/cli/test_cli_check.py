"""`pbxcharge check`, as an admin sees it: all findings at once, of files, books and dialplan."""

from tests.site import Site


def warnings_of(site: Site, found: list[dict[str, object]]) -> list[tuple[str, object, object]]:
    """File, line and key of each warning."""
    return [
        (str(it["file"]).removeprefix(f"{site.folder}/"), it["line"], it["key"])
        for it in found
        if it["severity"] == "warning"
    ]


async def test_the_files_are_checked_all_at_once(site: Site) -> None:
    """Errors first, then warnings, each on a line with file, line, key, and a hint below it."""
    plan = site.folder / "plans" / "kiosk.yaml"
    plan.write_text(plan.read_text().replace("slice_s: 5", "slice_s: soon\n  slize: 5"))
    (site.folder / "plans" / "old.yml").write_text("x")
    found = (await site.run("--json", "check", code=1)).json
    assert {"file", "line", "key", "message", "hint", "severity"} == set(found["findings"][0])
    assert [it["severity"] for it in found["findings"][:3]] == ["error", "error", "warning"]
    at = plan.read_text().splitlines().index("  slice_s: soon") + 1
    lines = (await site.run("check", code=1)).out.splitlines()
    assert lines[0] == "errors"
    assert f"{plan}:{at} reservation.slice_s: 'soon' is not a whole number" in lines
    assert "  → did you mean slice_s?" in lines
    assert lines.index("warnings") > lines.index("errors")
    assert lines[-1].startswith(f"{site.config}: 2 errors, ")


async def test_a_plan_that_no_account_uses_is_told_when_the_books_can_be_read(site: Site) -> None:
    """In the books of this site one user has a plan, and another one is nobody's."""
    found = (await site.run("--json", "check")).json
    assert (found["errors"], found["books_not_read"]) == (0, None)
    unused = [place[0] for place in warnings_of(site, found["findings"])]
    assert "plans/retail.yaml" in unused
    assert "plans/kiosk.yaml" not in unused


async def test_check_says_when_the_books_could_not_be_read(site: Site) -> None:
    """What only they can tell is not told."""
    site.database.unlink()
    answer = await site.run("check")
    assert "who is charged by which plan was not looked at" in answer.out
    assert answer.out.endswith("no errors, no warnings\n")


async def test_strict_makes_warnings_count(site: Site) -> None:
    """With warnings alone `check` ends with 0, strictly with 1."""
    await site.run("check")
    await site.run("check", "--strict", code=1)
    site.database.unlink()
    await site.run("check", "--strict")


async def test_an_owner_that_does_not_exist_is_named_with_its_line(site: Site) -> None:
    """One letter is wrong; an owner that is there is none."""
    plan = site.folder / "plans" / "retail.yaml"
    plan.write_text("owner: acne\n" + plan.read_text())
    found = (await site.run("--json", "check", code=1)).json["findings"]
    assert (found[0]["line"], found[0]["key"]) == (1, "owner")
    assert found[0]["message"] == "there is no account acne"


async def test_an_extension_that_is_an_emergency_number_is_told(site: Site) -> None:
    """It was free when it was given, and came onto the list later."""
    await site.run("extension", "add", "alice-9", "--number", "110", "--account", "alice")
    site.change(lambda settings: settings["emergency"]["numbers"].append(110))
    found = (await site.run("--json", "check")).json["findings"]
    clash = [it for it in found if it["key"] == "emergency.numbers[4]"]
    assert clash[0]["message"].startswith("110 is also the extension of alice-9")


async def test_a_price_below_cost_is_told_with_its_line(site: Site) -> None:
    """The trunk of the example asks for Alaska more than this plan does."""
    deck = site.folder / "rates" / "carrier.csv"
    deck.write_text(deck.read_text().replace("0.0180", "0.0380"))
    site.change(lambda settings: settings.update(trunks=[{"name": "carrier", "deck": "carrier"}]))
    found = (await site.run("--json", "check")).json["findings"]
    (below,) = [it for it in found if "below cost" in it["message"]]
    line = (site.folder / "plans" / "retail.yaml").read_text().splitlines()[below["line"] - 1]
    assert line.strip() == "price_per_minute: 0.02"
    assert "0.02 a minute against 0.038 over carrier" in below["message"]


async def test_a_price_below_that_of_the_level_above_is_told(site: Site) -> None:
    """The organization of the user whose plan is `kiosk` gets one that asks more for the same."""
    plans = site.folder / "plans"
    kiosk = (plans / "kiosk.yaml").read_text()
    dear = kiosk.replace("name: kiosk", "name: dear").replace(
        "price_per_minute: 0.60", "price_per_minute: 0.70"
    )
    (plans / "dear.yaml").write_text(dear)
    await site.run("account", "set-plan", "acme", "dear")
    found = (await site.run("--json", "check")).json["findings"]
    below = next(it for it in found if "the level above" in it["message"])
    assert below["file"] == str(plans / "kiosk.yaml")
    assert "by its plan dear: 0.60 a minute against 0.70" in below["message"]
