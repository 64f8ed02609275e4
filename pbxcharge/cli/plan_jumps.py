"""Plan files against the versions that were in force last: prices that jump."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbxcharge.alone import Finding, SiteFiles
    from pbxcharge.cli.reach import Api


async def jump_findings(api: "Api", files: "SiteFiles") -> "tuple[Finding, ...]":
    """Prices that are ten times the last version's, or a tenth; only what changed is asked for."""
    from pbxcharge.alone import jumps, last_versions

    places = (await api.get("/plans/places"))["plans"]
    last = {}
    for written, (plan, version) in last_versions(files, places).items():
        said = await api.get("/plan/version", name=plan, version=version)
        last[written] = said["body"]
    return jumps(files, last)
