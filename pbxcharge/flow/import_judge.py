"""The judgement of an import: every row against what there is and what all rows together make.

The order of rows does not matter: an account may stand behind its phones, and a number that one
row gives up may be another's. Nothing here waits, so that it can be done in a thread.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.findings import in_order as sorted_findings
from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.imported import ImportRow, Subject
from pbxcharge.core.number import Numbering
from pbxcharge.core.plan import Plan
from pbxcharge.core.product import Product
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.flow.acts import Declined, Refusal
from pbxcharge.flow.codes import Codes
from pbxcharge.flow.identity import malformed_did, unknown_account
from pbxcharge.flow.import_changes import (
    Change,
    Differences,
    Thing,
    found_in,
    in_order,
    repeated,
)
from pbxcharge.flow.import_known import Known, did_number
from pbxcharge.flow.import_rows import (
    against_both,
    against_moving,
    against_words,
    missing_columns,
    wanted_account,
    wanted_did,
    wanted_extension,
)
from pbxcharge.flow.main_product import against_main
from pbxcharge.flow.rules import against_account, against_extension, reached


@dataclass(frozen=True, slots=True)
class Terms:
    """What the site says now: what it offers, how it dials, its emergency list."""

    plans: Mapping[str, Plan]
    products: Mapping[str, Product]
    subscriptions: Mapping[str, SubscriptionPlan]
    numbering: Numbering
    emergency: Collection[str]
    at_us: int


def judge(rows: Sequence[ImportRow], known: Known, terms: Terms) -> Differences:
    """What an import would change, or everything that is against it."""
    return _Judgement(rows, known, terms).differences()


class _Judgement:
    """One pass over accounts, then phones, then numbers; each knows how those before come out."""

    def __init__(self, rows: Sequence[ImportRow], known: Known, terms: Terms) -> None:
        self._known = known
        self._terms = terms
        self._found: list[Finding] = []
        self._refused: set[tuple[str, int, str]] = set()
        self._same = 0
        self._accounts = dict(known.accounts)
        self._phones = dict(known.phones)
        self._rows = self._once(rows)

    def differences(self) -> Differences:
        """All subjects, one after the other."""
        accounts = self._changed_accounts()
        extensions = self._changed_extensions()
        dids = self._changed_dids()
        found = sorted_findings(self._found)
        changes = () if found else (*accounts, *extensions, *dids)
        return Differences(changes, self._same, len(self._refused), found)

    def _once(self, rows: Sequence[ImportRow]) -> dict[Subject, list[ImportRow]]:
        """The rows by subject, without those that repeat an earlier one."""
        numbering = self._terms.numbering
        ids = [
            did_number(row, numbering) or row.id if row.subject is Subject.DID else row.id
            for row in rows
        ]
        again = set()
        for row, finding in repeated(rows, ids):
            again.add(id(row))
            self._refuse(row, finding)
        by_subject: dict[Subject, list[ImportRow]] = {subject: [] for subject in Subject}
        for row in rows:
            if id(row) not in again:
                by_subject[row.subject].append(row)
        return by_subject

    def _changed_accounts(self) -> list[Change]:
        changes: dict[str, Change] = {}
        for row in self._rows[Subject.ACCOUNT]:
            before = self._known.accounts.get(row.id)
            after = wanted_account(row, before, self._terms.products)
            # One that would move is refused; those who name it are judged by what it is.
            stays = before or after
            self._accounts[row.id] = replace(after, kind=stays.kind, parent_id=stays.parent_id)
            self._note(changes, row.id, Change(row, before, after))
        codes = Codes(
            {code: name for code, name in self._known.codes.items() if name not in changes}
        )
        for name, change in changes.items():
            after = self._accounts[name]
            above = self._above(after)
            for declined in (*against_words(change.row), *self._against_product(change, above)):
                self._refuse(change.row, found_in(change.row, declined))
            self._check(change, self._out_of_place(change))
            self._check(change, self._against_account(after, above, codes))
            if after.code is not None:
                codes.add(after.code, name)
        return self._ordered(changes, {name: self._waits(name) for name in changes})

    def _out_of_place(self, change: Change) -> Iterable[Declined]:
        if isinstance(change.before, Account) and isinstance(change.after, Account):
            yield from against_moving(change.before, change.after)

    def _against_account(
        self, after: Account, above: Sequence[Account], codes: Codes
    ) -> Iterable[Declined]:
        parent = self._accounts.get(after.parent_id or "")
        # The plan of a product is judged with it.
        own = after if after.product is None else replace(after, plan=None)
        names = [each.account_id for each in above]
        yield from against_account(own, parent, self._terms.plans, codes, names)

    def _against_product(self, change: Change, above: Sequence[Account]) -> Iterable[Declined]:
        after = self._accounts[change.id]
        if not {"plan", "product"}.isdisjoint(change.fields):
            yield from against_both(change.row, after)
        if "product" in change.fields:
            own = self._known.subscriptions.get(after.account_id, ())
            at_us = self._terms.at_us
            found = against_main(after.product, [after, *above], own, self._terms, at_us)
            yield from (replace(declined, field="product") for declined in found)

    def _above(self, account: Account) -> list[Account]:
        """Every account above one, the nearest first; a ring of them is told elsewhere."""
        found: list[Account] = []
        above = self._accounts.get(account.parent_id or "")
        while above is not None and above not in found:
            found.append(above)
            above = self._accounts.get(above.parent_id or "")
        return found

    def _waits(self, name: str) -> set[str]:
        """An account comes after the one above it, and after the one that gives up its code."""
        after = self._accounts[name]
        gives_up = self._known.codes.get(after.code or "", name)
        return {after.parent_id or name, gives_up} - {name}

    def _changed_extensions(self) -> list[Change]:
        changes: dict[str, Change] = {}
        for row in self._rows[Subject.EXTENSION]:
            before = self._known.phones.get(row.id)
            self._phones[row.id] = after = wanted_extension(row, before)
            if self._check_columns(row, before):
                self._note(changes, row.id, Change(row, before, after))
        held = {self._place(p): p for name, p in self._phones.items() if name not in changes}
        before_held = {self._place(phone): name for name, phone in self._known.phones.items()}
        waits = {}
        for name, change in changes.items():
            after = self._phones[name]
            owner = self._accounts.get(after.account_id)
            taken = held.setdefault(self._place(after), after)
            others = None if taken is after else taken
            self._check(change, self._moved(change))
            self._check(change, against_extension(after, owner, others, self._terms.emergency))
            waits[name] = {before_held.get(self._place(after), name)} - {name}
        return self._ordered(changes, waits)

    def _moved(self, change: Change) -> Iterable[Declined]:
        """A phone stays in its organization, so that the numbers that ring it are not lost."""
        if isinstance(change.before, Extension) and isinstance(change.after, Extension):
            stays, goes = self._organization(change.before), self._organization(change.after)
            if goes is not None and stays != goes:
                message = f"{change.before.endpoint} is a phone of {stays}"
                hint = "a phone stays in its organization"
                yield Declined(Refusal.EXISTS_OTHERWISE, message, hint, "account")

    def _place(self, phone: Extension) -> tuple[str | None, str]:
        return self._organization(phone) or phone.account_id, phone.number

    def _organization(self, phone: Extension) -> str | None:
        owner = self._accounts.get(phone.account_id)
        return None if owner is None else owner.parent_id

    def _changed_dids(self) -> list[Change]:
        changes: dict[str, Change] = {}
        own: defaultdict[str, list[Extension]] = defaultdict(list)
        for phone in self._phones.values():
            own[phone.account_id].append(phone)
        for row in self._rows[Subject.DID]:
            number = did_number(row, self._terms.numbering)
            before = self._known.dids.get(number)
            if self._check_columns(row, before):
                wanted = wanted_did(row, before)
                same = before is not None and replace(wanted, number=number) == before
                after = wanted if same else self._reaching(wanted, number, own)
                against = after if isinstance(after, list) else []
                for declined in against:
                    self._refuse(row, found_in(row, declined))
                if isinstance(after, Did):
                    self._note(changes, number, Change(row, before, replace(after, number=number)))
        return self._ordered(changes, {})

    def _reaching(
        self, wanted: Did, number: str, own: Mapping[str, Sequence[Extension]]
    ) -> Did | list[Declined]:
        """The number with what it reaches, or what is against it."""
        against = list(malformed_did(wanted, number or None))
        owner = self._accounts.get(wanted.account_id)
        if owner is None:
            return [*against, unknown_account(wanted.account_id)]
        named = self._phones.get(wanted.endpoint or "")
        colleague = named is not None and self._organization(named) == owner.parent_id
        phones = [*own.get(owner.account_id, ()), *([named] if named and colleague else ())]
        found = reached(wanted, owner, phones)
        if isinstance(found, Declined):
            return [*against, found]
        return against or Did(number, owner.account_id, *found)

    def _check_columns(self, row: ImportRow, before: Thing | None) -> bool:
        """Whether a row says what something new must say."""
        missing = [] if before is not None else list(missing_columns(row))
        for declined in missing:
            self._refuse(row, found_in(row, declined))
        return not missing

    def _note(self, changes: dict[str, Change], name: str, change: Change) -> None:
        if change.before == change.after and not list(against_words(change.row)):
            self._same += 1
        else:
            changes[name] = change

    def _check(self, change: Change, against: Iterable[Declined]) -> None:
        """Note what is against a change; what stays as it is may be as it is."""
        for declined in against:
            if change.before is None or declined.field in change.fields:
                self._refuse(change.row, found_in(change.row, declined))

    def _ordered(
        self, changes: Mapping[str, Change], waits: Mapping[str, Collection[str]]
    ) -> list[Change]:
        order, rings = in_order(changes, waits)
        for ring in rings:
            for name in ring:
                row = changes[name].row
                message = f"waits for itself: {', '.join(ring)}"
                hint = "nobody is above himself, and numbers are swapped in two steps"
                self._refuse(row, found_in(row, Declined(Refusal.NUMBER_TAKEN, message, hint)))
        return order

    def _refuse(self, row: ImportRow, finding: Finding) -> None:
        self._found.append(finding)
        self._refused.add((row.file, row.line, row.key))
