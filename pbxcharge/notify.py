"""What the daemon tells systemd: ready, alive, stopping."""

import os
import socket


class Notifier:
    """Sends states to the socket that systemd names in `NOTIFY_SOCKET`; without it, to nobody.

    Source: sd_notify(3).
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address or os.environ.get("NOTIFY_SOCKET", "")

    @property
    def watchdog_s(self) -> float | None:
        """How often systemd wants to hear `WATCHDOG=1`, at the latest; None if it does not."""
        text = os.environ.get("WATCHDOG_USEC", "")
        return int(text) / 1e6 if text.isdecimal() and int(text) > 0 else None

    def say(self, *states: str) -> None:
        """Send states such as `READY=1`; a deaf systemd is no reason to stop."""
        if not self._address:
            return
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            try:
                sender.connect(name)
                sender.sendall("\n".join(states).encode())
            except OSError:
                return
