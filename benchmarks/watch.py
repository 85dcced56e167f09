"""What looking at the clusters of a VPC together saves, and how fast a cluster is compared with its baseline."""

from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.judging import seconds
from control_plane.domain.drift.compare import compare
from control_plane.steps.check_drift import Request
from tests.accounts import route
from tests.aws.many_clusters import Estate, estate
from tests.unit.drift_stories import WatchedAccount, baseline_of, seen_of

CLUSTERS = 50

Portions = Sequence[tuple[str, ...]]


def together() -> Iterator[str]:
    with estate([CLUSTERS]) as world:
        names = tuple(world.names[0])
        of_all, of_each = [names], [(name,) for name in names]
        calls, calls_alone = _calls(world, of_all), _calls(world, of_each)
        took = seconds(lambda: _look(world, of_all), times=2)
        took_alone = seconds(lambda: _look(world, of_each), times=2)
    yield f"a look at {CLUSTERS} clusters of one VPC: together / each alone"
    yield f"  {_ec2(calls) / _ec2(calls_alone):10.3f} of EC2's calls ({_ec2(calls)} and {_ec2(calls_alone)})"
    yield f"  {calls.total() / calls_alone.total():10.3f} of all calls ({calls.total()} and {calls_alone.total()})"
    yield f"  {took / took_alone:10.3f} of the time here, where AWS answers at once"


def comparisons() -> Iterator[str]:
    account = WatchedAccount()
    baseline, unchanged = baseline_of(account), seen_of(account)
    account.routes("rtb-worker", route(NatGatewayId="nat-controller"))
    changed = seen_of(account)
    [found] = compare(baseline, changed).found
    still, moved = seconds(lambda: compare(baseline, unchanged)), seconds(lambda: compare(baseline, changed))
    yield "comparisons of a cluster of two groups with its baseline"
    yield f"  {1 / still:10,.0f} a second, where nothing has changed"
    yield f"  {1 / moved:10,.0f} a second, where a route has ({found.drift.severity}: {found.drift.subject})"


def _look(world: Estate, portions: Portions) -> None:
    for names in portions:
        world.checker.check(Request(cluster_names=names))


def _calls(world: Estate, portions: Portions) -> Counter[str]:
    world.asked.clear()
    _look(world, portions)
    return world.asked.copy()


def _ec2(asked: Counter[str]) -> int:
    return sum(times for name, times in asked.items() if name.startswith("ec2:"))
