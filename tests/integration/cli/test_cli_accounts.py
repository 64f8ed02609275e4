"""The tree of accounts by the command line, alone: providers, time zones, owners of plans."""

from tests.site import Site


async def test_a_tree_of_service_providers_is_built_and_shown(site: Site) -> None:
    """A zone comes from above until the account has its own; what is no zone is refused."""
    await site.run(
        *("account", "add", "telco", "--kind", "service-provider"),
        *("--time-zone", "Europe/London"),
    )
    await site.run("account", "add", "agent", "--kind", "service-provider", "--parent", "telco")
    await site.run("account", "add", "org", "--kind", "organization", "--parent", "agent")
    await site.run("account", "add", "zoe", "--parent", "org", "--plan", "kiosk")
    shown = (await site.run("account", "show", "zoe")).out
    assert "Europe/London (inherited)" in shown
    await site.run("account", "set-time-zone", "org", "Europe/Berlin")
    zoe = (await site.ask("account", "show", "zoe"))["account"]
    assert (zoe["time_zone"], zoe["time_zone_in_force"]) == (None, "Europe/Berlin")
    wrong = await site.run("account", "set-time-zone", "org", "Berlin", code=1)
    assert "is not a time zone" in wrong.err
    below = (await site.ask("account", "list", "telco"))["accounts"]
    assert [each["account_id"] for each in below] == ["agent", "org", "telco", "zoe"]


async def test_a_plan_of_somebody_is_refused_elsewhere(site: Site) -> None:
    """Its owner is shown with the account that may have it."""
    text = (site.folder / "plans" / "kiosk.yaml").read_text()
    owned = text.replace("name: kiosk", "name: agents\nowner: agent")
    await site.run("account", "add", "agent", "--kind", "service-provider")
    await site.run("account", "add", "org", "--kind", "organization", "--parent", "agent")
    (site.folder / "plans" / "agents.yaml").write_text(owned)
    refused = await site.run("account", "set-plan", "alice", "agents", code=1)
    assert "for the accounts below its owner agent" in refused.err
    await site.run("account", "set-plan", "org", "agents")
    shown = (await site.run("account", "show", "org")).out
    assert "agents (prepaid, of agent)" in shown
