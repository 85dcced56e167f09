"""What the deployment tells a function, by environment variable."""

import os

from control_plane.errors import Misconfigured


def setting(name: str) -> str:
    """Read one deployed setting; they are read when used, so that a function needs no more than it uses."""
    value = os.environ.get(name, "")
    if not value:
        raise Misconfigured(f"The environment variable {name} is not set. Add it to the function in template.yaml and deploy.")
    return value
