"""Our event bus."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from control_plane.aws.calls import calling
from control_plane.domain.messages.announcements import Announcement

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

ACTIONS = frozenset({"events:PutEvents"})

SOURCE = "hyperpod-vpc"


class Bus:
    def __init__(self, events: "EventBridgeClient", name: str) -> None:
        self._events, self._name = events, name

    def put(self, announcement: Announcement) -> None:
        """Put one event. PutEvents answers 200 also for an entry that it did not take: the entry says so itself.

        Source:
            https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-failures
        """
        with calling("events:PutEvents"):
            answer = self._events.put_events(
                Entries=[
                    {
                        "EventBusName": self._name,
                        "Source": SOURCE,
                        "DetailType": announcement.detail_type.value,
                        "Detail": announcement.body,
                    }
                ]
            )
            for entry in answer["Entries"]:
                if code := entry.get("ErrorCode"):
                    raise ClientError({"Error": {"Code": code, "Message": entry.get("ErrorMessage", "")}}, "PutEvents")
