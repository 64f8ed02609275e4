"""What can go wrong in operation, as one small tree; docstrings tell the operator what to do."""


class PbxchargeError(Exception):
    """The root of every error that the operator, not the programmer, can put right."""


class AmountError(PbxchargeError):
    """An amount or a price cannot be read: write it as plain decimal digits, such as 0.25."""


class OperatingError(PbxchargeError):
    """Something outside the program does not do its part: see the message and the log."""


class AgiError(OperatingError):
    """Asterisk, or somebody else at the FastAGI port, broke the protocol: look at who connects."""


class AgiHangup(AgiError):
    """The caller hung up before the answer was there: nothing to do."""


class AmiDown(OperatingError):
    """No usable AMI connection: check that Asterisk runs, its port and its manager.conf.

    An action that raises this may or may not have been carried out.
    """


class AmiNoReply(AmiDown):
    """Asterisk did not answer in time: check its load. The action may have been carried out."""


class AmiRefused(OperatingError):
    """Asterisk refused an action or the login: compare user, secret and rights in manager.conf."""


class AmiMalformed(OperatingError):
    """Asterisk sent a message that cannot be trusted: check version and manager.conf."""


class ChannelGone(AmiRefused):
    """The channel does not exist (any more): nothing to do, its end is on the way."""
