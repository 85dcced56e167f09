"""Which known name was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

# Below this ratio a suggestion misleads more often than it helps: "Vpc" is not told that it is near "Tags".
ALIKE = 0.75
LONGEST_NAME = 64  # no name that anybody knows is longer, and comparing is quadratic


def squeezed(name: str) -> str:
    """What is left of a name when case and separators, in which dialects differ, are taken away.

    >>> squeezed("instance_groups") == squeezed("InstanceGroups") == squeezed("instance-groups")
    True
    """
    return name.replace("_", "").replace("-", "").casefold()


def same_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that differs in case and separators alone."""
    return next((other for other in known if squeezed(other) == squeezed(name)), None)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most alike, if any is.

    >>> nearest("InstanceGruops", ["ClusterName", "InstanceGroups"])
    'InstanceGroups'
    >>> nearest("Colour", ["ClusterName", "InstanceGroups"])
    """
    if len(name) > LONGEST_NAME:
        return None
    by_lower = {other.casefold(): other for other in known}
    found = get_close_matches(name.casefold(), by_lower, n=1, cutoff=ALIKE)
    return by_lower[found[0]] if found else None
