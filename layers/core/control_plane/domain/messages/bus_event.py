"""An event as EventBridge hands it to a target."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict

from control_plane.domain.wire import Wire


class BusEvent(Wire):
    """The envelope, as far as we read it.

    Source:
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
    """

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"), extra="ignore")

    id: str  # made by EventBridge, another one each time that we put the same event
    detail_type: str
    source: str  # whatever the sender wrote: no identity
    account: str
    region: str
    time: datetime | None = None  # of a schedule's event: when it was due
    detail: dict[str, Any]
