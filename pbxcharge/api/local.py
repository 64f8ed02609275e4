"""The API without a server: the same answers, in the process that asks."""

from typing import Any

from pbxcharge.api.desk import Desk
from pbxcharge.api.documents import Document
from pbxcharge.api.table import ACTS, READS


class LocalApi:
    """Answers from a desk as the daemon would over its socket.

    Args:
        desk: what the answers are made from.
        actor: who acts.
    """

    def __init__(self, desk: Desk, actor: str) -> None:
        self._desk = desk
        self._actor = actor

    async def get(self, path: str, **asked: Any) -> Document:
        """Read something; what is None is not asked for."""
        given = {name: value for name, value in asked.items() if value is not None}
        return await READS[path](self._desk, **given)

    async def act(self, path: str, **body: Any) -> Document:
        """Change something."""
        return await ACTS[path](self._desk, self._actor, **body)
