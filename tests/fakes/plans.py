"""Charging plans as values, for tests that need accounts with a plan."""

from fractions import Fraction

from pbxcharge.core.dialling import Routing, Trunk, usual_dial
from pbxcharge.core.number import Numbering, NumberRule
from pbxcharge.core.plan import CallType, Plan, PlanKind, Terms
from pbxcharge.core.price import Rate
from pbxcharge.core.tariff import Tariff

ONE_TRUNK = Routing((Trunk("carrier", usual_dial("carrier")),))
NUMBERING = Numbering((NumberRule("00", 2, ""),), on_net="8")
"""00 before the number; 8, code and extension for a phone of another organization."""


def a_plan(name: str, *, initial_credit_micros: int = 0, credit_limit_micros: int = 0) -> Plan:
    """Germany at 0.60 a minute, 60/6; nothing else."""
    rate = Rate(destination="Germany", prefix="49", price_per_minute=Fraction(60, 100), next_s=6)
    return Plan(
        name=name,
        version="v1",
        kind=PlanKind.PREPAID,
        allowed=frozenset({CallType.PUBLIC}),
        tariffs={CallType.PUBLIC: Tariff((rate,))},
        initial_credit_micros=initial_credit_micros,
        credit_limit_micros=credit_limit_micros,
        terms=Terms(),
    )


PLANS = {
    plan.name: plan
    for plan in (
        a_plan("plain"),
        a_plan("welcome", initial_credit_micros=10_000_000),
        a_plan("generous", initial_credit_micros=25_000_000, credit_limit_micros=5_000_000),
    )
}
