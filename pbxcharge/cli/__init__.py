"""The command line: one module for each noun. What it does is done by the API."""
