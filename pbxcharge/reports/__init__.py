"""Reports: tables made once, shown as text, CSV, JSON, or a page with charts."""
