"""The codes of organizations: none may be the beginning of another."""

from collections.abc import Iterator, Mapping

from pbxcharge.flow.acts import Declined, Refusal


class Codes:
    """Organizations by their codes, asked a thousand times without a search.

    Args:
        codes: the organization of each code.
    """

    def __init__(self, codes: Mapping[str, str]) -> None:
        self._codes: dict[str, str] = {}
        self._longer: dict[str, str] = {}
        for code, organization_id in codes.items():
            self.add(code, organization_id)

    def add(self, code: str, organization_id: str) -> None:
        """An organization has this code from now on, if nobody else has it."""
        self._codes.setdefault(code, organization_id)
        for end in range(1, len(code)):
            self._longer.setdefault(code[:end], code)

    def against(self, code: str) -> Iterator[Declined]:
        """Whose code it would be mistaken for: 1 for 12 as well as 12 for 1."""
        shorter = (code[:end] for end in range(1, len(code) + 1))
        other = next(filter(self._codes.__contains__, shorter), self._longer.get(code))
        if other is not None:
            message = f"{code} cannot be told from {other}, the code of {self._codes[other]}"
            yield Declined(Refusal.CODE_TAKEN, message, field="code")
