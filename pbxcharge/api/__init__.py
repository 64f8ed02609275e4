"""The local API: HTTP over a Unix socket, for the command line and for other programs."""
