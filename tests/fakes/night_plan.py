"""Two plans that say much beside their prices per minute, and how they are read."""

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.source import parse_source
from pbxcharge.core.plan import Plan

NIGHT = """\
name: night
type: prepaid
wallets: shared
effective_from: 2026-12-01
effective_until: 2027-12-01 06:30
allow: {public: yes, local: yes}
initial_credit: {outgoing: 10}
out_of_credit:
  sound: custom/credit
  action: continue
  context: pbxc-topup
limits: {call_max_s: 14400}
time_windows:
  holiday:
    days: [holiday]
  night: {days: [mon-fri], from: "22:00", to: "06:00"}
  weekend: {days: [sat, sun]}
holidays: [2026-12-25, 2026-12-26]
prices:
  public:
    - destination: Germany
      prefixes: [49]
      price_per_minute: 0.10
      effective_until: 2027-06-01
      windows:
        night: {price_per_minute: 0.05, segments: 60/1}
        weekend: {connect_fee: 0.02, first_amount: 0.03}
    - destination: Germany
      prefixes: [49]
      price_per_minute: 0.12
      effective_from: 2027-06-01
  local:
    price_per_minute: 0
exceptions:
  - destination: Hotline
    prefixes: [49800]
    price_per_minute: 0
  - destination: Premium
    prefixes: [49900]
    status: forbidden
  - destination: Colleagues
    call_type: local
    multiplier: 2
    adjustment: {amount: 0.01, interval_s: 30}
"""
SHOP = """\
name: shop
type: postpaid
monthly_limit: 50.00
owner: reseller
method: relative
allow: {public: yes, incoming: yes}
charging_segments: {outgoing: 60/10, incoming: 1/1}
relative:
  multiplier: 1.20
  adjustment: {amount: 0.01, interval_s: 10}
"""
DECEMBER_S, END_S, JUNE_S = 1_796_083_200, 1_827_642_600, 1_811_808_000

ALONE = Surroundings()
"""A site with nothing that a plan would need."""


def read(text: str, site: Surroundings = ALONE) -> tuple[Plan | None, tuple[Finding, ...]]:
    """A plan and its findings."""
    source, found = parse_source("plan.yaml", text.encode())
    assert source is not None, found
    return read_plan(source, site)


def plan_of(text: str, site: Surroundings = ALONE) -> Plan:
    """The plan of a text without any finding."""
    plan, found = read(text, site)
    assert plan is not None
    assert found == ()
    return plan
