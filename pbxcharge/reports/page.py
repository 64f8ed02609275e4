"""A report as one HTML file: its styles and drawings in it, no script, nothing from elsewhere."""

from importlib.resources import files

from pbxcharge.errors import ChartsMissing
from pbxcharge.reports.table import Report

TEMPLATE = "page.html.j2"


def require_page() -> None:
    """See to it that pages can be made.

    Raises:
        ChartsMissing: the extra `reports` is not installed.
    """
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ChartsMissing(str(error.name)) from error


def page(report: Report) -> str:
    """The whole file.

    Raises:
        ChartsMissing: the extra `reports` is not installed.
    """
    require_page()
    from jinja2 import Environment, StrictUndefined

    from pbxcharge.reports.charts import svg

    drawings = [
        (chart.title, svg(chart, number) if any(value for _, value in chart.bars) else "")
        for number, chart in enumerate(report.charts, start=1)
        if chart.bars
    ]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(files(__package__).joinpath(TEMPLATE).read_text("utf-8"))
    return template.render(report=report, drawings=drawings)
