"""The buses: what is put on them, who may hear of it, and a log of all of it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule, events_backends
from moto.moto_api._internal import mock_random

from simulator.clock import Clock
from simulator.clock import Event as Moment
from simulator.context import ACCOUNT, REGION
from simulator.eventbridge.deliveries import Deliveries
from simulator.eventbridge.inputs import Event
from simulator.faults import EventFault, EventKind, Faults
from simulator.patching import Patches

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
MOST_ENTRIES = 10
LARGEST_REQUEST = 262_144


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class _Held:
    """An event whose deliveries wait."""

    bus: str
    event: Event
    next_came: Moment


class Buses:
    def __init__(self, clock: Clock, deliveries: Deliveries, faults: Faults) -> None:
        self._clock = clock
        self._deliveries = deliveries
        self._faults = faults
        self._log: list[tuple[str, Event]] = []
        self._held: list[_Held] = []  # until the next event of their bus has gone

    def install(self, patches: Patches) -> None:
        patches.replace(EventsBackend, "put_events", self._put_method())

    def events(self) -> list[dict[str, Any]]:
        """Every event of every bus so far, oldest first."""
        return [
            {
                "Time": event["time"],
                "EventBusName": bus,
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": event["detail"],
            }
            for bus, event in self.log()
        ]

    def log(self) -> list[tuple[str, Event]]:
        """Every event so far as its targets got it, with the bus it came on, oldest first."""
        return list(self._log)

    def deliver(self, bus: str, event: Event) -> None:
        """Start an event's deliveries: to all targets of all rules of its bus that hear it."""
        for rule in list(events_backends[ACCOUNT][REGION].describe_event_bus(bus).rules.values()):
            if _hears(rule, event):
                for target in list(rule.targets):
                    self._deliveries.deliver(rule, target, event)

    def emit(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        *,
        resources: Sequence[str] = (),
        bus: str = "default",
        at: datetime | None = None,
    ) -> None:
        """Put an event on a bus and start its deliveries; `at`: when it happened, if not now."""
        self._publish(bus, self.event(source, detail_type, detail, resources, at))

    def event(
        self, source: str, detail_type: str, detail: Any, resources: Sequence[str] = (), at: datetime | None = None
    ) -> Event:
        """Source: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html"""
        return {
            "version": "0",
            "id": str(mock_random.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": rfc3339(at or self._clock.now()),
            "region": REGION,
            "resources": list(resources),
            "detail": json.loads(json.dumps(detail)),
        }

    def _publish(self, bus: str, event: Event) -> None:
        self._log.append((bus, event))
        held = [each for each in self._held if each.bus == bus]
        self._held = [each for each in self._held if each.bus != bus]
        self._under(self._faults.for_event(event["detail-type"]), bus, event)
        for each in held:
            each.next_came.set()

    def _under(self, fault: EventFault | None, bus: str, event: Event) -> None:
        """Deliver it, unless a fault has other plans. A delivery that is held back is work under way all the same."""
        match fault:
            case EventFault(kind=EventKind.LOSE):
                return
            case EventFault(kind=EventKind.LATE):
                self._later(_Held(bus, event, self._clock.event()), fault.seconds)
                return
            case EventFault(kind=EventKind.REORDER):
                self._held.append(held := _Held(bus, event, self._clock.event()))
                self._later(held, fault.seconds)
                return
            case EventFault(kind=EventKind.DUPLICATE):
                self.deliver(bus, event)
        self.deliver(bus, event)

    def _later(self, held: "_Held", seconds: float) -> None:
        def wait() -> None:
            if held.next_came.wait(seconds):
                self._clock.sleep(1)  # deliveries of one moment come in any order
            self.deliver(held.bus, held.event)

        self._clock.spawn(f"delivery of {held.event['detail-type']}, held back", wait)

    def _put_method(self) -> Callable[[EventsBackend, list[dict[str, Any]]], list[dict[str, Any]]]:
        def put_events(backend: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if not 1 <= len(events) <= MOST_ENTRIES:
                raise ValidationException("Member 'entries' must have length between 1 and 10")
            if len(json.dumps(events)) > LARGEST_REQUEST:
                raise ValidationException("Total size of the entries in the request is over the limit.")
            return [self._put(backend, entry) for entry in events]

        return put_events

    def _put(self, backend: EventsBackend, entry: dict[str, Any]) -> dict[str, Any]:
        """Take one entry, or say why not; the others of the request stand or fall by themselves."""
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                text = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": text}
        if entry["Source"].startswith("aws."):
            text = f"Not authorized for the source {entry['Source']}."
            return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": text}
        detail = _object(entry["Detail"])
        if detail is None:
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        event = self.event(entry["Source"], entry["DetailType"], detail, entry.get("Resources", ()))
        bus = backend._normalize_event_bus_arn(entry.get("EventBusName"))
        self._publish(bus, event)
        return {"EventId": event["id"]}


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object in a text, and nothing else: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html"""
    try:
        found = json.loads(text, parse_constant=_no_json)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is Python's own, and no JSON.")


def _hears(rule: Rule, event: Event) -> bool:
    pattern = rule.event_pattern
    return rule.state == "ENABLED" and bool(pattern.get_pattern()) and pattern.matches_event(event)  # type: ignore[arg-type]  # its time is text here, as on AWS
