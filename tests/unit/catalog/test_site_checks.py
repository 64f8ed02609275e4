"""Prefixes, number rules and the emergency list of one site, held against each other."""

from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.site_checks import (
    can_match,
    emergency_findings,
    on_net_findings,
    price_findings,
    rule_findings,
)
from pbxcharge.catalog.source import Source, parse_source
from pbxcharge.core.number import NumberRule, normalise

RULES = (NumberRule("00", 2, ""), NumberRule("0", 1, "44"), NumberRule("+", 1, ""))


def source_of(text: str) -> Source:
    """A file with this text."""
    source, findings = parse_source("site.yaml", text.encode())
    assert source is not None, findings
    return source


def prices(*prefixes: str) -> Source:
    """A plan file that prices these prefixes, in line 3."""
    return source_of(f"prices:\n  public:\n    - prefixes: [{', '.join(prefixes)}]\n")


def test_prefixes_match_what_the_rules_can_produce() -> None:
    """With national dialling only, foreign prefixes are dead; with 00 every one is alive."""
    national = (NumberRule("0", 1, "44"),)
    assert [can_match(prefix, national) for prefix in ("4", "44", "4420", "49", "45")] == [
        *(True, True, True, False, False)
    ]
    assert can_match("49", RULES)
    assert not can_match("44", ())


def test_a_rule_that_stands_earlier_takes_its_numbers_away() -> None:
    """0 0… is taken by 00, so 44 0… never comes from national dialling."""
    assert not can_match("440", (NumberRule("00", 2, "39"), NumberRule("0", 1, "44")))
    assert can_match("441", (NumberRule("00", 2, "39"), NumberRule("0", 1, "44")))


DIALLED = st.text("+0123459", min_size=7, max_size=15)
SHORT = st.text("0123459", max_size=2)
RULE = st.builds(NumberRule, st.sampled_from(["+", "0", "00", "9", "1", ""]), st.just(0), SHORT)


@given(dialled=DIALLED, rules=st.lists(RULE, max_size=4), length=st.integers(1, 7))
def test_a_prefix_of_a_real_number_is_never_called_dead(
    dialled: str, rules: list[NumberRule], length: int
) -> None:
    """Whatever the rules make of what is dialled, all its prefixes can match."""
    stripping = tuple(NumberRule(rule.prefix, len(rule.prefix), rule.add) for rule in rules)
    number = normalise(dialled, stripping)
    assert number is None or can_match(number[:length], stripping)


def texts(findings: list[Finding]) -> list[tuple[str, int, str]]:
    """The parts of findings that a reader looks for."""
    return [(finding.severity, finding.line, finding.key) for finding in findings]


def test_a_dead_prefix_is_a_warning() -> None:
    """The operator may dial it tomorrow; today it is worth a word."""
    found = list(price_findings(prices("44", "49"), (NumberRule("0", 1, "44"),), ()))
    assert texts(found) == [("warning", 3, "prices.public[1].prefixes[2]")]
    assert found[0].message == "no number that is dialled here begins with 49"


def test_an_exception_that_no_number_reaches_is_a_warning() -> None:
    """It protects nobody, and looks as if it did."""
    source, found = parse_source(
        "p.yaml", b"exceptions:\n  - {destination: a, prefixes: [44, 49], status: forbidden}\n"
    )
    assert source is not None, found
    found = tuple(price_findings(source, (NumberRule("0", 1, "44"),), ()))
    assert texts(list(found)) == [("warning", 2, "exceptions[1].prefixes[2]")]


def test_a_price_for_an_emergency_number_is_a_warning() -> None:
    """Written as the number itself, or catching its normalised form, it would suggest a charge."""
    found = list(price_findings(prices("112", "44800", "49"), RULES, ("112", "0800112112", "911")))
    assert texts(found) == [
        ("warning", 3, "prices.public[1].prefixes[1]"),
        ("warning", 3, "prices.public[1].prefixes[2]"),
    ]
    assert "0800112112 is an emergency number" in found[1].message


def test_number_rules_that_cannot_work_are_errors() -> None:
    """Never reached, stripping the unknown, giving a plus or a zero: each would misprice calls."""
    rules = (
        *(NumberRule("0", 1, "44"), NumberRule("00", 2, ""), NumberRule("9", 2, "")),
        *(NumberRule("+", 0, ""), NumberRule("10", 1, ""), NumberRule("8", 1, "8")),
    )
    rows = "".join("    - {}\n" for _ in rules)
    found = list(rule_findings(source_of(f"numbers:\n  rules:\n{rows}"), rules))
    assert texts(found) == [
        ("error", 4, "numbers.rules[2]"),
        ("error", 5, "numbers.rules[3].strip"),
        ("error", 6, "numbers.rules[4]"),
        ("error", 7, "numbers.rules[5]"),
    ]


EMERGENCY = source_of("emergency:\n  numbers:\n    - 112\n    - 112\n    - 999\n")


def test_an_emergency_list_that_is_empty_or_says_a_number_twice_is_found() -> None:
    """Without a list no call is connected at zero credit; twice is a slip that hides another."""
    assert texts(list(emergency_findings(EMERGENCY, (), RULES))) == [
        ("warning", 2, "emergency.numbers")
    ]
    found = list(emergency_findings(EMERGENCY, ("112", "112"), RULES))
    assert texts(found) == [("error", 4, "emergency.numbers[2]")]


def test_the_forms_behind_the_digit_for_a_line_belong_on_the_list() -> None:
    """Where users dial 9 for a line, they dial 9112 when it burns."""
    rules = (NumberRule("9", 1, ""),)
    assert not list(emergency_findings(EMERGENCY, ("112", "9112", "999"), rules))
    found = list(emergency_findings(EMERGENCY, ("112", "110", "999"), rules))
    assert [finding.hint for finding in found] == [
        "add {dialled: 9112, sent: 112}",
        "add {dialled: 9110, sent: 110}",
    ]


def test_a_prefix_for_other_organizations_stays_clear_of_other_numbers() -> None:
    """An emergency number behind it is an error, a rule that it takes from a warning."""
    source = source_of("numbers:\n  on_net: '0'\n")

    def found(on_net: str, *emergency: str) -> list[tuple[str, int, str]]:
        findings = on_net_findings(source, on_net, RULES, emergency)
        return [(str(it.severity), it.line, it.key) for it in findings]

    assert found("8", "112", "911") == []
    assert found("1", "112", "911") == [("error", 2, "numbers.on_net")]
    assert found("0", "112") == [("warning", 2, "numbers.on_net")] * 2
    assert found("", "112") == []
