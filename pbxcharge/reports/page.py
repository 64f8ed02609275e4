"""A report as one HTML file: its styles and drawings in it, no script, nothing from elsewhere."""

from importlib.resources import files

from pbxcharge.errors import ChartsMissing
from pbxcharge.reports.table import Chart, Report

TEMPLATE = "page.html.j2"


def require_page(*, charts: bool = True) -> None:
    """See to it that pages can be made.

    Args:
        charts: whether with charts.

    Raises:
        ChartsMissing: the extra `reports` is not installed.
    """
    try:
        import jinja2  # noqa: F401

        if charts:
            import matplotlib  # noqa: F401
    except ImportError as error:
        raise ChartsMissing(str(error.name)) from error


def page(report: Report) -> str:
    """The whole file.

    Raises:
        ChartsMissing: the extra `reports` is not installed.
    """
    require_page(charts=bool(report.charts))
    from jinja2 import Environment, StrictUndefined

    drawings = [_drawn(chart, number) for number, chart in enumerate(report.charts, start=1)]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(files(__package__).joinpath(TEMPLATE).read_text("utf-8"))
    return template.render(report=report, drawings=[each for each in drawings if each])


def _drawn(chart: Chart, number: int) -> tuple[str, str] | None:
    """Title and drawing of a chart; the drawing is empty where all its bars are nothing."""
    from pbxcharge.reports.charts import svg

    if not chart.bars:
        return None
    return chart.title, svg(chart, number) if any(value for _, value in chart.bars) else ""
