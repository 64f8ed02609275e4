"""Emergency numbers against rules and routes, and those that are missing: each with its line."""

from pbxcharge.catalog.emergency_checks import caught_findings, missing_findings
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.source import parse_source
from pbxcharge.catalog.trunk_form import RouteSettings
from pbxcharge.core.number import NumberRule

RULES = (NumberRule("+", 1, ""), NumberRule("00", 2, ""), NumberRule("0", 1, "44"))
CITY = (*RULES, NumberRule("", 0, "4420"))
"""Where local numbers are dialled without a prefix, too."""
TEXT = """\
numbers:
  rules:
    - {prefix: "+"}
    - {prefix: "00"}
    - {prefix: "0"}
    - {prefix: ""}
emergency:
  numbers:
    - 112
    - 0800112112
routes:
  - {prefixes: [49, 112, 112], trunks: [carrier]}
"""
SOURCE, _ = parse_source("site.yaml", TEXT.encode())
assert SOURCE is not None


def caught(
    emergency: tuple[str, ...], rules: tuple[NumberRule, ...], *prefixes: str
) -> list[tuple[str, int, str]]:
    """Where emergency numbers would be caught."""
    routes = [RouteSettings(prefixes=prefixes, trunks=("carrier",))] if prefixes else []
    return places(list(caught_findings(SOURCE, emergency, rules, routes)))  # type: ignore[arg-type]


def missing(emergency: tuple[str, ...], rules: tuple[NumberRule, ...]) -> list[str]:
    """What is said of numbers that are missing."""
    found = list(missing_findings(SOURCE, emergency, rules))  # type: ignore[arg-type]
    assert set(places(found)) <= {("warning", 8, "emergency.numbers")}
    return [it.message for it in found]


def places(found: list[Finding]) -> list[tuple[str, int, str]]:
    """Where findings are."""
    return [(it.severity, it.line, it.key) for it in found]


def test_a_rule_that_would_take_an_emergency_number_is_told() -> None:
    """112 fits no rule of most sites; where local numbers need no prefix, one does."""
    assert caught(("112",), RULES) == []
    assert caught(("112", "0800112112"), RULES) == [("warning", 10, "emergency.numbers[2]")]
    found = list(caught_findings(SOURCE, ("112",), CITY, []))  # type: ignore[arg-type]
    assert places(found) == [("warning", 9, "emergency.numbers[1]")]
    assert found[0].message == "112 would be the public number 4420112 by the rule in line 6"


def test_a_route_for_an_emergency_number_is_told() -> None:
    """These go by emergency.dial alone; the prefix of a route is another country's number."""
    assert caught(("112",), RULES, "49", "112") == [("warning", 12, "routes[1].prefixes[2]")]
    assert caught(("0800112112",), RULES, "49", "44800")[1:] == [
        ("warning", 12, "routes[1].prefixes[2]")
    ]


def test_a_route_that_no_number_takes_is_told() -> None:
    """With national dialling alone no call goes to 49."""
    assert caught(("112",), RULES[2:], "49", "44") == [("warning", 12, "routes[1].prefixes[1]")]


def test_a_list_without_any_number_of_the_country_is_told() -> None:
    """The country is the one whose code a rule adds; one of its numbers is enough."""
    american = (NumberRule("011", 3, ""), NumberRule("1", 0, ""), NumberRule("", 0, "1"))
    assert missing(("112",), american) == ["has no emergency number of the country code 1: 911"]
    assert missing(("911",), american) == []
    assert missing(("112",), RULES) == []
    assert missing(("911",), RULES) == ["has no emergency number of the country code 44: 999, 112"]
    assert missing((), american) == []


def test_a_number_that_everybody_knows_is_told_where_it_would_be_charged() -> None:
    """Where 911 is the beginning of nothing, it is refused; here it would ring somebody."""
    assert missing(("112", "999"), CITY) == [
        "911 is not listed, and is dialled as the public number 4420911"
    ]
    assert missing(("112", "999", "911"), CITY) == []
