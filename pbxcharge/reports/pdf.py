"""A page as PDF, by WeasyPrint, which is loaded for that alone; nothing is fetched for it."""

from pbxcharge.errors import PdfMissing


def require_pdf() -> None:
    """See to it that PDF can be made.

    Raises:
        PdfMissing: WeasyPrint is not installed, or the libraries that it draws text with.
    """
    try:
        import weasyprint  # noqa: F401
    except ImportError as error:
        raise PdfMissing(f"no module {error.name}") from error
    except OSError as error:
        raise PdfMissing(str(error).partition("\n")[0]) from error


def pdf(page: str) -> bytes:
    """The PDF of a page of `reports.page`.

    Raises:
        PdfMissing: see `require_pdf`.
    """
    require_pdf()
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    # A page has everything in it: whatever else were named there, nobody is asked for it.
    nothing = URLFetcher(allowed_protocols=())
    made: bytes = HTML(string=page, url_fetcher=nothing).write_pdf()
    return made
