"""The JSON Schema of every file that an admin writes: YAML as a whole, CSV row by row."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from pbxcharge.catalog.discount_form import OwnDiscountForm
from pbxcharge.catalog.form import Form
from pbxcharge.catalog.import_form import ImportForm
from pbxcharge.catalog.import_table import SECTIONS
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.product_form import ProductForm
from pbxcharge.catalog.schema import Schema, form_schema
from pbxcharge.catalog.subscription_form import SubscriptionForm
from pbxcharge.catalog.table_schema import deck_row_schema, import_row_schema
from pbxcharge.settings import Settings

FILES: Mapping[str, tuple[type[Form], str]] = MappingProxyType(
    {
        "settings": (Settings, "pbxcharge.yaml: the settings of a site"),
        "plan": (PlanForm, "plans/*.yaml: a charging plan"),
        "subscription": (SubscriptionForm, "subscriptions/*.yaml: a subscription plan"),
        "product": (ProductForm, "products/*.yaml: a product"),
        "discount": (OwnDiscountForm, "discounts/*.yaml: a discount of accounts by themselves"),
        "import": (ImportForm, "accounts, phones and numbers for pbxcharge import"),
    }
)
"""YAML files, each with the model that reads it."""

TABLES: Mapping[str, Callable[[], Schema]] = MappingProxyType(
    {
        "deck": deck_row_schema,
        **{name: partial(import_row_schema, subject) for subject, name in SECTIONS.items()},
    }
)
"""CSV files, each with what may stand in its rows."""

KINDS = (*FILES, *TABLES)


def file_schema(name: str) -> Schema:
    """The schema of a kind of file, of a row if it is a table; its name is one of KINDS."""
    return TABLES[name]() if name in TABLES else form_schema(*FILES[name])
