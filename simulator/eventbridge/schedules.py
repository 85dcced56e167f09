"""Rules that fire by themselves, by the virtual clock."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.events.models import EventsBackend, Rule, events_backends

from simulator.clock import Clock
from simulator.cloudformation.registry import NotModelledError
from simulator.context import ACCOUNT, REGION
from simulator.eventbridge.buses import Buses
from simulator.eventbridge.deliveries import Deliveries
from simulator.patching import Patches


def interval(expression: str) -> timedelta:
    """How often ``rate(5 minutes)`` fires.

    Raises:
        NotModelledError: it is a cron expression.
    """
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if not found:
        raise NotModelledError(f"The simulator has no schedules like {expression}.")
    return timedelta(**{f"{found[2]}s": int(found[1])})


class Schedules:
    def __init__(self, clock: Clock, buses: Buses, deliveries: Deliveries) -> None:
        self._clock = clock
        self._buses = buses
        self._deliveries = deliveries

    def install(self, patches: Patches) -> None:
        self._put_in_moto = patches.replace(EventsBackend, "put_rule", self._put_method())

    def _put_method(self) -> Callable[..., Rule]:
        def put_rule(backend: EventsBackend, *args: Any, **kwargs: Any) -> Rule:
            rule: Rule = self._put_in_moto(backend, *args, **kwargs)
            if rule.scheduled_expression:
                self._arm(rule, interval(rule.scheduled_expression))
            return rule

        return put_rule

    def _arm(self, rule: Rule, every: timedelta) -> None:
        """The first time is one interval after the rule was made."""
        self._clock.at(self._clock.now() + every, lambda: self._fire(rule, every))

    def _fire(self, rule: Rule, every: timedelta) -> None:
        rules = events_backends[ACCOUNT][REGION].describe_event_bus(rule.event_bus_name).rules
        if rules.get(rule.name) is not rule:
            return  # deleted, or replaced by one with a schedule of its own
        self._arm(rule, every)
        if rule.state == "ENABLED":
            event = self._buses.event("aws.events", "Scheduled Event", {}, [rule.arn])
            for target in rule.targets:
                self._deliveries.deliver(rule, target, event)
