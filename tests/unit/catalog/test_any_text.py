"""Whatever stands in a file, reading it ends in findings, never in an exception."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbxcharge.catalog.findings import has_errors
from pbxcharge.catalog.load import load_catalog
from pbxcharge.catalog.offers import OfferFiles, Priced, load_offers
from pbxcharge.core.number import NumberRule
from pbxcharge.settings import load_settings
from tests.examples import examples

CONFIG = Path(__file__).parents[3] / "config"
RULES = (NumberRule("+", 1, ""),)
FOLDERS = ("plans", "subscriptions", "products")
WRITTEN = [path for folder in FOLDERS for path in sorted((CONFIG / folder).glob("*.yaml"))]
FILES = [path.read_text() for path in (CONFIG / "pbxcharge.yaml", *WRITTEN)]

YAML_TEXT = st.text(
    st.sampled_from("abn019.-+/:,[]{}#&*!|>'\"%@`?~ \t\n\r\\\0é\u2028\ufeff"), max_size=60
)
WORD = st.sampled_from(
    ["yes", "no", "", "1", "-1", "1e9", "60/6", "{}", "[]", "[{}]", "~", "4" * 50]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """An example file with a few values replaced, cut or doubled."""
    lines = draw(st.sampled_from(FILES)).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        key, colon, _ = lines[place].partition(":")
        new = f"{key}{colon} {draw(WORD | YAML_TEXT)}"
        lines[place : place + draw(st.integers(0, 2))] = [new]
    return "\n".join(lines)


@settings(deadline=None, max_examples=examples(300))
@given(text=YAML_TEXT | damaged() | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
@example('a: "\\UFFFFFFFF"')
@example("%YAML 1.1\n---\na: 1")
@example("? ? ?")
@example("prices: {public: [[]]}")
@example("numbers: {rules: [{prefix: {}}]}")
@example("features: {mailbox: []}\nusage: [x, {overdraft: {amount: [1]}}]\nincluded: [[], {}]")
@example("features: {mailbox: {enabled: [], limit: {}}}\nusage: {}\ngoes_with: [[]]\nservices: {}")
@example("fees: []\npromotions: [x, {periods: 1}]\ncredits: {for_days: x}\nminimum_term: no")
@example("emergency: {numbers: [[], {dialled: []}, x]}")
def test_any_text_is_a_catalog_or_findings(text: str) -> None:
    """An admin's slip, a cut file, a picture under the wrong name: named, not a traceback."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "any.yaml"
        path.write_text(text, encoding="utf-8")
        site, findings = load_settings(path)
        assert (site is None) == has_errors(findings)
        result = load_catalog(Path(folder), RULES)
        assert (result.catalog is None) == has_errors(result.findings)
        _, of_offers = load_offers(OfferFiles(Path(folder), Path(folder), "EUR", "pbx1"), Priced())
    for finding in (*findings, *result.findings, *of_offers):
        assert finding.message
        assert 0 <= finding.line <= text.count("\n") + text.count("\r") + 2
