"""What the writer remembers: enough to be right, never without bounds."""

from pbxcharge.core.credit import Wallet
from pbxcharge.core.limits import IDLE
from pbxcharge.core.money import MICROS
from pbxcharge.store.books import KnownBooks


def a_wallet(wallet_id: str, calls: int) -> Wallet:
    """A wallet with so many live calls."""
    return Wallet(wallet_id, wallet_id, "outgoing", calls=calls)


def test_wallets_with_live_calls_are_never_forgotten() -> None:
    """What is held in them is known from memory alone; the others can be read again."""
    books = KnownBooks(wallets_max=2)
    books.wallets = {
        name: a_wallet(name, calls) for name, calls in {"a": 1, "b": 0, "c": 2}.items()
    }
    books.trim()
    assert set(books.wallets) == {"a", "c"}


def test_few_wallets_are_all_kept() -> None:
    """Up to the bound nothing is read twice."""
    books = KnownBooks(wallets_max=2, ratings_max=2)
    books.wallets = {name: a_wallet(name, 0) for name in "ab"}
    books.ratings = {"x", "y"}
    books.trim()
    assert (set(books.wallets), books.ratings) == ({"a", "b"}, {"x", "y"})


def test_accounts_that_cannot_be_read_again_alone_are_never_forgotten() -> None:
    """Live calls, and calls of the last minute, are read only when the books are opened."""
    idle, now_us = IDLE.charged(0, 5), 3600 * MICROS
    books = KnownBooks(activities_max=3)
    books.activities = {
        "lives": idle.begun(0),
        "called": idle.begun(now_us).ended(),
        "called before": idle.begun(now_us - 62 * MICROS).ended(),
        "charged": idle,
    }
    books.trim()
    assert set(books.activities) == {"lives", "called"}


def test_too_many_ratings_are_forgotten() -> None:
    """They are stored again, which changes nothing."""
    books = KnownBooks(ratings_max=2)
    books.ratings = {"x", "y", "z"}
    books.trim()
    assert books.ratings == set()
