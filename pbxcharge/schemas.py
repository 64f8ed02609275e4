"""The JSON Schema of every file that an admin writes as YAML."""

from collections.abc import Mapping
from types import MappingProxyType

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.import_form import ImportForm
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.schema import Schema, form_schema
from pbxcharge.settings import Settings

FILES: Mapping[str, tuple[type[Form], str]] = MappingProxyType(
    {
        "settings": (Settings, "pbxcharge.yaml: the settings of a site"),
        "plan": (PlanForm, "plans/*.yaml: a charging plan"),
        "import": (ImportForm, "accounts, phones and numbers for pbxcharge import"),
    }
)


def file_schema(name: str) -> Schema:
    """The schema of a kind of file; its name is one of FILES."""
    return form_schema(*FILES[name])
