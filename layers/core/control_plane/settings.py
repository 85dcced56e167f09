"""What the deployment tells a function, by environment variable."""

import os

from control_plane.errors import Misconfigured


def setting(name: str) -> str:
    """Read one deployed setting; they are read when used, so that a function needs no more than it uses."""
    value = os.environ.get(name, "")
    if not value:
        raise Misconfigured(f"The function has no environment variable {name}. Add it in template.yaml and deploy.")
    return value
