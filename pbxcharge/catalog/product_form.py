"""What may stand in the file of a product, key by key."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pbxcharge.catalog.discount_form import IncludedForm, VolumeForm
from pbxcharge.catalog.form import Form, ShortForm
from pbxcharge.catalog.offer_values import ANY_NODE, AccessCode, ManagedBy, OverdraftValue
from pbxcharge.catalog.plan_form import OWNER_SITE
from pbxcharge.catalog.scalars import Line, Reader, Slug, YesNo, one_of, whole
from pbxcharge.catalog.site_values import Currency
from pbxcharge.core.assigned_product import ProductKind
from pbxcharge.core.feature import EditedBy, Feature, Service
from pbxcharge.core.product import SLICES, AccountRole, Acl

PRIORITY_MAX = 1000


class UsedService(StrEnum):
    """Services that are charged by their use."""

    VOICE_CALLS = "voice_calls"


def _number(feature: Feature, name: str) -> Reader:
    attribute = feature.attributes[name]
    return whole(attribute.at_least, attribute.at_most)


class FeatureForm(ShortForm):
    """A feature, and who may change it for one account; `yes` or `no` alone says the first."""

    required: ClassVar = ("enabled",)

    enabled: YesNo = False
    """Whether the product grants the feature, or forbids it."""
    edited_by: tuple[Annotated[EditedBy, one_of(EditedBy)], ...] = (EditedBy.ADMIN,)
    """Who may set it otherwise for one account: `admin` (default), `reseller`, `user`."""


class ForwardingForm(FeatureForm):
    """Call forwarding."""

    max_targets: Annotated[int | None, _number(Feature.CALL_FORWARDING, "max_targets")] = None
    """To how many numbers a call may go on; 1."""


class ConcurrentForm(FeatureForm):
    """A limit of its own for calls at once; the plan's limit counts beside it."""

    max: Annotated[int | None, _number(Feature.CONCURRENT_CALLS, "max")] = None
    """So many calls at once; 1."""


class MailboxForm(FeatureForm):
    """A mailbox."""

    limit: Annotated[int | None, _number(Feature.MAILBOX, "limit")] = None
    """So many messages; 100."""


class MusicForm(FeatureForm):
    """Music on hold."""

    music_class: Slug | None = None
    """A class of Asterisk's musiconhold.conf; default."""


class FeaturesForm(Form):
    """What the product says of the features of voice calls; of the rest it says nothing.

    Each is `yes`, `no`, or a group.
    """

    incoming_calls: FeatureForm | None = None
    """Calls from outside; refused without it."""
    outgoing_calls: FeatureForm | None = None
    """Calls to numbers outside; comes with voice_calls unless it is `no`."""
    international_calls: FeatureForm | None = None
    """Calls to numbers of other countries; refused without it."""
    call_forwarding: ForwardingForm | None = None
    """Calls that go on to another number; refused without it."""
    concurrent_calls: ConcurrentForm | None = None
    """A limit of its own for calls at once."""
    call_waiting: FeatureForm | None = None
    """A second call knocks; written to Asterisk's database for the dialplan."""
    mailbox: MailboxForm | None = None
    """Messages of callers whom nobody answers; written to Asterisk's database."""
    music_on_hold: MusicForm | None = None
    """Music for who is put on hold; written to Asterisk's database."""
    call_recording: FeatureForm | None = None
    """What is said is recorded; written to Asterisk's database."""
    hidden_number: FeatureForm | None = None
    """Who is called does not see the number; written to Asterisk's database."""
    directory_entry: FeatureForm | None = None
    """An entry in the telephone directory; recorded only."""


class UsageForm(Form):
    """An access point that the product permits, and the plan that calls by it are charged by."""

    required: ClassVar = ("plan",)
    hints: ClassVar = {"plan": "the name of a charging plan"}

    service: Annotated[UsedService, one_of(UsedService)] = UsedService.VOICE_CALLS
    """`voice_calls`."""
    node: Slug = ANY_NODE
    """A PBX by the name that its settings give it, or `any` (default)."""
    access_code: AccessCode = ""
    """A context of the dialplan, or what is dialled first; `""`, or left out: plain calling."""
    plan: Slug = ""
    """The charging plan of these calls."""
    overdraft: OverdraftValue = SLICES
    """What a call holds: `slices` (default): its next slice, `all_funds`: everything, or
    `{amount: 5.00}`: so much at least."""


class ProductForm(Form):
    """The file of a product."""

    required: ClassVar = ("name", "type", "currency")
    hints: ClassVar = {"currency": "that of the site", "type": "main or add_on"}

    name: Slug = ""
    """By which accounts have it."""
    visible_name: Line = ""
    """What users see, also on statements; the name."""
    type: Annotated[ProductKind, one_of(ProductKind)] = ProductKind.MAIN
    """`main`: an account has one; `add_on`: any number beside it."""
    currency: Currency = ""
    """That of the site."""
    managed_by: ManagedBy = OWNER_SITE
    """`site` (default): administrators only; or a reseller, who uses it for its own accounts."""
    account_role: Annotated[AccountRole, one_of(AccountRole)] = AccountRole.PHONE_LINE
    """`phone_line`: it makes and receives calls."""
    default_acl: Annotated[Acl, one_of(Acl)] = Acl.READ
    """Of a main product: what users of its accounts may do by themselves: `nothing`, `read`
    (default) what is theirs, or `self_care`: also set the features that `edited_by` gives them."""
    services: tuple[Annotated[Service, one_of(Service)], ...] = ()
    """What is included: `voice_calls`, which is decided call by call; and recorded only `messages`,
    `conferences`, `internet_access`, `equipment`."""
    features: FeaturesForm = FeaturesForm()
    """Features of voice calls."""
    usage: tuple[UsageForm, ...] = ()
    """Access points with their charging plans; a main product needs one for plain calling."""
    subscription: Slug | None = None
    """The subscription plan that every account with the product gets."""
    included: tuple[IncludedForm, ...] = ()
    """Talk that costs nothing, in each billing period."""
    volume_discounts: tuple[VolumeForm, ...] = ()
    """Talk that costs less the more there is of it in a billing period."""
    priority: Annotated[int, whole(0, PRIORITY_MAX)] = 0
    """Of an add-on: the highest one decides first; 0."""
    goes_with: tuple[Slug, ...] = ()
    """Of an add-on, required there: the main products beside which it may be had."""
