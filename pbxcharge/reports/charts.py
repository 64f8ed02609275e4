"""Bar charts as SVG within a page: text stays text, nothing is fetched from elsewhere."""

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any

from pbxcharge.core.money import MICROS, format_amount
from pbxcharge.reports.table import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN = 5.6
"""Narrow, so that its letters are still read on a phone."""

HEIGHT_IN = 2.6
BAR_IN = 0.3
"""Of a lying bar with the space around it."""

FEW = 8
LABEL_MAX = 28
INK, BAR, LOSS, GRID = "#1a1a1a", "#1f5f8b", "#b3382c", "#d9d9d9"
_STYLE: dict[Any, Any] = {
    # Text as text: it is found, read aloud, and drawn in the page's own font.
    "svg.fonttype": "none",
    # Names within the drawing are the same each time it is made.
    "svg.hashsalt": "pbxcharge",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    # A label such as $x$ is a name, no formula.
    "text.parse_math": False,
}


def svg(chart: Chart, number: int) -> str:
    """One chart as an `<svg>` element with title and description.

    Args:
        chart: what is shown; at least one bar that is not nothing.
        number: of the chart in its page, so that names within the drawings do not clash.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    height_in = HEIGHT_IN if chart.upright else 0.7 + BAR_IN * len(chart.bars)
    with rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, chart)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return _within_page(drawn.getvalue(), chart, number)


def _draw(axes: "Axes", chart: Chart) -> None:
    values = [_length(chart, value) for _, value in chart.bars]
    colors = [BAR if value >= 0 else LOSS for value in values]
    places = range(len(values))
    if chart.upright:
        axes.bar(places, values, color=colors, width=0.8)
        axes.set_ylabel(chart.unit)
        _label_days(axes, chart)
    else:
        axes.barh(places, values, color=colors, height=0.7)
        axes.set_yticks(list(places), [_short(label) for label, _ in chart.bars])
        axes.invert_yaxis()
        _label_values(axes, chart, values)
    axes.grid(axis="y" if chart.upright else "x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _label_days(axes: "Axes", chart: Chart) -> None:
    """As many days as can be read: every one of a week, every fifth or so of a quarter."""
    step = -(-len(chart.bars) // 16)
    places = range(0, len(chart.bars), step)
    axes.set_xticks(list(places), [_day(chart.bars[place][0]) for place in places])
    # One day alone is no wider than a day of a week.
    beside = max(0, FEW - len(chart.bars)) / 2
    axes.set_xlim(-0.7 - beside, len(chart.bars) - 0.3 + beside)
    if len(places) > FEW:
        axes.tick_params(axis="x", labelrotation=60)


def _label_values(axes: "Axes", chart: Chart, values: list[float]) -> None:
    """Each amount at the end of its bar, with room for it."""
    for place, (value, (_, exact)) in enumerate(zip(values, chart.bars, strict=True)):
        text = format_amount(exact) if chart.unit else str(exact)
        axes.annotate(
            text,
            (max(value, 0.0), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
        )
    axes.margins(x=0.18)
    axes.set_xlabel(chart.unit)


def _length(chart: Chart, value: int) -> float:
    """A bar's length: a picture need not be exact, its label is."""
    return value / MICROS if chart.unit else float(value)


def _day(label: str) -> str:
    """`2026-11-03` as `11-03`; a month stays whole."""
    return label[5:] if len(label) == len("2026-11-03") else label


def _short(label: str) -> str:
    return label if len(label) <= LABEL_MAX else label[: LABEL_MAX - 1] + "…"


def _within_page(drawn: str, chart: Chart, number: int) -> str:
    """The element alone, as wide as the page lets it, told to those who cannot see it."""
    element = drawn[drawn.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, count=1, flags=re.DOTALL)
    # Two drawings in one page must not share the names that their parts refer to.
    element = re.sub(r'(id="|url\(#|xlink:href="#)', rf"\g<1>chart{number}-", element)
    names = f'role="img" aria-labelledby="chart{number}-title chart{number}-desc"'
    told = (
        f'<title id="chart{number}-title">{escape(chart.title)}</title>'
        f'<desc id="chart{number}-desc">{escape(described(chart))}</desc>'
    )
    opening, _, rest = element.partition(">")
    opening = re.sub(r' (width|height)="[^"]*pt"', "", opening)
    return f"{opening} {names}>{told}{rest}"


def described(chart: Chart) -> str:
    """The chart in words, each bar that is not nothing: "11-03: 4.20 EUR"."""
    unit = f" {chart.unit}" if chart.unit else ""
    said = [
        f"{label}: {format_amount(value) if chart.unit else value}{unit}"
        for label, value in chart.bars
        if value
    ]
    return "; ".join(said) or "nothing"
