"""What moto works out anew for every answer, although it depends on classes and models alone, worked out once."""

from functools import cache
from typing import Any

from moto import backends
from moto.core import responses
from moto.core.serialize import XFormedAttributePicker
from moto.core.utils import method_names_from_class

from simulator.patching import Patches

Keys = tuple[str, ...]


def install(patches: Patches) -> None:
    """A third of a run's time goes without."""
    modules = tuple(backends.list_of_moto_modules())
    patches.replace(backends, "list_of_moto_modules", lambda: modules)
    patches.replace(responses, "method_names_from_class", cache(method_names_from_class))
    patches.replace(XFormedAttributePicker, "get_possible_keys", _remembered(XFormedAttributePicker.get_possible_keys))


def _remembered(work_out: Any) -> Any:
    """Under which names an object may hold a member: its class says so, and the member's shape."""
    known: dict[tuple[type, Any, str], Keys] = {}

    def get_possible_keys(picker: XFormedAttributePicker, context: Any) -> Keys:
        about = (type(context.obj), context.shape, context.key)
        if about not in known:
            known[about] = tuple(work_out(picker, context))
        return known[about]

    return get_possible_keys
