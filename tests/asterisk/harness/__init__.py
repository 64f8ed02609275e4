"""A real Asterisk, phones and a carrier, for tests and for the demonstration."""

from tests.asterisk.harness.answerer import Answerer, Verdict, denial
from tests.asterisk.harness.carrier import Carrier
from tests.asterisk.harness.handset import Handset
from tests.asterisk.harness.instance import AsteriskInstance, LabFailed
from tests.asterisk.harness.legs import CalledLeg, FarEnd, HandsetCall
from tests.asterisk.harness.observer import AmiEvent, Observer
from tests.asterisk.harness.seen import CallTrace, Sighting
from tests.asterisk.harness.sipp import SippCall, SippFailed, SippPhone

__all__ = [
    "AmiEvent",
    "Answerer",
    "AsteriskInstance",
    "CallTrace",
    "CalledLeg",
    "Carrier",
    "FarEnd",
    "Handset",
    "HandsetCall",
    "LabFailed",
    "Observer",
    "Sighting",
    "SippCall",
    "SippFailed",
    "SippPhone",
    "Verdict",
    "denial",
]
