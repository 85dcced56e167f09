"""An execution's history holds 25,000 events, and then the execution fails: the longest legal run stays far below.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from collections.abc import Callable
from datetime import timedelta

from control_plane.domain.cluster.readiness import wait_seconds
from control_plane.domain.probe.ledger import COMMAND_TIMEOUT, ONLINE_WAIT, pause_seconds
from control_plane.domain.request import Request
from control_plane.steps.launch_probes import BOOT_SECONDS
from control_plane.steps.list_watched import TOGETHER
from tests.contracts.deployed import RUN, WATCH, all_states, flows, machines, state_machine

LIMIT, GOAL = 25_000, 2_500
# Entered and exited; a Task is also scheduled, started and succeeded or failed. A Choice is left as any other state.
# A Map is started and succeeds as well, and so does each iteration; inline, they count here, too:
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
EVENTS = {"Task": 5, "Wait": 2, "Choice": 2, "Pass": 2, "Succeed": 2, "Fail": 2, "Map": 4}
ITERATION, RETRY = 2, 3
[LONGEST] = [
    timedelta(minutes=limit.le) for limit in Request.model_fields["deadline_minutes"].metadata if hasattr(limit, "le")
]


def events_of(*states: str, machine: str = RUN) -> int:
    return sum(EVENTS[all_states(machine)[name]["Type"]] for name in states)


LOOK_AT_CLUSTER = ("Wait for cluster", "Read cluster", "Is the cluster in service?")
LOOK_AT_PROBES = ("Wait for probes", "Ask probes", "Have the probes answered?")


def looks(until: timedelta, pause: Callable[[timedelta], int]) -> int:
    waited, rounds = timedelta(0), 0
    while waited < until:
        waited, rounds = waited + timedelta(seconds=pause(waited)), rounds + 1
    return rounds


def looks_at_cluster() -> int:
    return looks(LONGEST, lambda waited: wait_seconds(waited, LONGEST - waited))


def everything_else() -> int:
    return events_of(*(set(state_machine()["States"]) - {*LOOK_AT_CLUSTER, *LOOK_AT_PROBES}))


def test_a_run_that_waits_for_its_cluster_until_the_longest_deadline_leaves_nine_tenths_of_its_history() -> None:
    one_batch = looks(ONLINE_WAIT + COMMAND_TIMEOUT, lambda waited: pause_seconds(waited, asked=True))
    waiting = looks_at_cluster() * events_of(*LOOK_AT_CLUSTER) + one_batch * events_of(*LOOK_AT_PROBES)
    assert 1_000 < waiting + everything_else() <= GOAL


def test_a_run_that_probes_until_the_longest_deadline_stays_within_its_history() -> None:
    """With hundreds of vantage points: each batch is launched, and looked at twice at the least."""
    longest_pause = pause_seconds(LONGEST, asked=True)
    batches = LONGEST // (2 * timedelta(seconds=longest_pause))
    at_first = looks(timedelta(hours=1), lambda waited: pause_seconds(waited, asked=True))
    assert longest_pause >= BOOT_SECONDS
    a_batch = events_of("Launch probes", *LOOK_AT_PROBES, *LOOK_AT_PROBES)
    assert at_first * events_of("Launch probes", *LOOK_AT_PROBES) + batches * a_batch + everything_else() < LIMIT


def test_retries_to_the_last_at_every_look_stay_within_the_history() -> None:
    """A retry is one more scheduled, started and failed."""
    retried = sum(retrier["MaxAttempts"] for retrier in state_machine()["States"]["Read cluster"]["Retry"])
    assert looks_at_cluster() * (events_of(*LOOK_AT_CLUSTER) + RETRY * retried) < LIMIT


VPCS, CLUSTERS = 20, 1_000


def test_a_look_at_a_thousand_clusters_with_something_to_say_of_each_leaves_half_of_its_history() -> None:
    """With each look retried to the last. Inline, all of it is one history."""
    outside, within, telling = (events_of(*flow["States"], machine=WATCH) for flow in flows(machines()[WATCH]))
    looks = [all_states(WATCH)[name] for name in ("Look", "Look again")]
    retried = sum(retrier["MaxAttempts"] for look in looks for retrier in look["Retry"])
    a_portion = ITERATION + within + RETRY * retried
    assert CLUSTERS <= VPCS * TOGETHER
    assert 9_000 < outside + VPCS * a_portion + CLUSTERS * (ITERATION + telling) <= LIMIT / 2
