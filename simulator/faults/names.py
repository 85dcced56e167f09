"""Names that a plan may use, and the one that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

import botocore.session

EVERY = "*"
FEW = 12  # more names than these are not listed


def check(what: str, name: str, known: Iterable[str]) -> None:
    """
    Raises:
        ValueError: nothing is called so; the message says what is.
    """
    names = sorted(known)
    if name not in names:
        raise ValueError(f"{what} is unknown: {name!r}.{near(name, names) or _listed(names)}")


def check_call(call: str) -> None:
    """
    Raises:
        ValueError: it is no "service:Operation", "service:*" or "*" of AWS's.
    """
    service, _, operation = call.partition(":")
    if call != EVERY:
        check("The service", service, _services())
    if EVERY not in (call, operation):
        check("The call", call, _calls(service))


def near(name: object, known: Iterable[str]) -> str:
    folded = {str(each).lower(): str(each) for each in known}
    found = get_close_matches(str(name).lower(), folded, n=1)
    return f" Did you mean {folded[found[0]]!r}?" if found else ""


def _listed(names: list[str]) -> str:
    return f" Known: {', '.join(names)}." if len(names) <= FEW else f" None of the {len(names)} known ones is like it."


@cache
def _services() -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_available_services())


@cache
def _calls(service: str) -> frozenset[str]:
    model = botocore.session.get_session().get_service_model(service)
    return frozenset(f"{service}:{operation}" for operation in model.operation_names)
