"""What can go wrong in operation, as one small tree; docstrings tell the operator what to do."""


class PbxchargeError(Exception):
    """The root of every error that the operator, not the programmer, can put right."""


class AmountError(PbxchargeError):
    """An amount or a price cannot be read: write it as plain decimal digits, such as 0.25."""
