"""Clusters under watch by the hundred, in moto, some in each VPC; and every call of AWS that a look at them makes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from moto import mock_aws

from control_plane.aws.account_reader import AccountReader
from control_plane.aws.batches import Batches
from control_plane.aws.evidence import EvidenceStore
from control_plane.aws.hyperpod_reader import HyperPodReader
from control_plane.aws.items import to_item
from control_plane.aws.keys import watch_key
from control_plane.aws.run_table import RunTable
from control_plane.aws.watch_list import WatchList
from control_plane.aws.watch_reader import WatchReader
from control_plane.aws.watch_table import WatchTable
from control_plane.domain.drift.baseline import take
from control_plane.domain.request import EgressTerms
from control_plane.steps.check_drift import Checker
from control_plane.steps.look import Looker
from control_plane.steps.proof_due import Prover
from tests.aws.aws_network import HYPERPOD_IS_ELSEWHERE, AwsNetwork, build, know_public_addresses
from tests.aws.conftest import NOON, TABLE, a_run, create_table
from tests.aws.under_watch import watched
from tests.hyperpod_in_memory import STACK, Faults, HyperPodInMemory, response

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

GROUPS = 3
LATER = NOON + timedelta(hours=1)
BUCKET = "evidence"


@dataclass
class Estate:
    """All that a look works with. `asked` counts the calls since it was last cleared."""

    checker: Checker
    under_watch: WatchList
    asked: Counter[str] = field(default_factory=Counter)
    networks: list[AwsNetwork] = field(default_factory=list)
    names: list[list[str]] = field(default_factory=list)  # of clusters, by network

    def before_call(self, model: Any, **_: Any) -> None:
        self.asked[f"{model.service_model.signing_name}:{model.name}"] += 1

    def point_first_group_to(self, network: int, nat_gateway: int) -> None:
        """Of all clusters in this network."""
        of = self.networks[network]
        to = of.nat_gateways[nat_gateway]
        of.ec2.replace_route(RouteTableId=of.tables[0], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=to)


@contextmanager
def estate(clusters: Sequence[int]) -> Iterator[Estate]:
    """So many clusters in each of so many VPCs, all watched, none with any drift."""
    with pytest.MonkeyPatch.context() as patch, mock_aws(config=HYPERPOD_IS_ELSEWHERE):
        know_public_addresses(patch)
        hyperpod = HyperPodInMemory(Faults(), lambda: NOON)
        dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
        create_table(dynamodb)
        ec2, iam, sagemaker = boto3.client("ec2"), boto3.client("iam"), hyperpod.client()
        watch, under_watch = WatchTable(dynamodb, TABLE), WatchList(dynamodb, TABLE)
        baselines = EvidenceStore(kept := objects_in_memory(), BUCKET, "baselines")
        reader = WatchReader(AccountReader(ec2, iam, s3, HyperPodReader(sagemaker, STACK)))
        prover = Prover(watch, RunTable(dynamodb, TABLE), every=timedelta(days=7))
        looker = Looker(under_watch, baselines, reader)
        made = Estate(Checker(watch, under_watch, looker, prover, now=lambda: LATER), under_watch)
        for number, count in enumerate(clusters):
            made.networks.append(build(GROUPS, made.networks[0].role if made.networks else None))
            names = [f"{f'vpc-{number}-cluster-{one}-':x<63}" for one in range(count)]
            groups = _in_service(made.networks[-1])
            arns = {
                name: str(hyperpod.add({}, ClusterName=name, InstanceGroups=groups)["ClusterArn"]) for name in names
            }
            _watch(dynamodb, baselines, reader, arns)
            made.names.append(names)
        hooks = [client.meta.events for client in (dynamodb, s3, kept, ec2, iam, sagemaker)]
        for each in hooks:
            each.register("before-call", made.before_call)
        yield made
        for each in hooks:
            each.unregister("before-call", made.before_call)  # HyperPod's client is one for all


def objects_in_memory() -> "S3Client":
    """A client of a bucket that only puts and gets: moto's is too slow for thousands."""
    kept: dict[str, bytes] = {}

    def answer(request: AWSRequest, **_: Any) -> AWSResponse:
        key, body = str(request.url), cast("Any", request.body)
        if request.method == "PUT":
            kept[key] = body if isinstance(body, bytes) else body.read()
            return response(200, b"")
        return response(200, kept[key])

    client = boto3.client("s3", config=Config(request_checksum_calculation="when_required"))
    client.meta.events.register_first("before-send.s3", cast("Any", answer))
    return client


def _in_service(network: AwsNetwork) -> list[dict[str, Any]]:
    counts = {"CurrentCount": 1, "TargetCount": 1, "Status": "InService"}
    return [
        {key: value for key, value in group.items() if key != "InstanceCount"} | counts
        for group in network.groups(GROUPS)
    ]


def _watch(dynamodb: Any, baselines: EvidenceStore, reader: WatchReader, arns: dict[str, str]) -> None:
    """Their clusters differ by name alone, and so do their baselines: one is taken, by the product's own hand."""
    first, items = next(iter(arns)), list[Any]()
    seen = reader.read([first], NOON)[first]
    assert seen.cluster is not None
    run = a_run(first, first).model_copy(update={"cluster_arn": arns[first]})
    one = take(run, seen.cluster, EgressTerms(), seen.facts, at=NOON).to_wire()
    vpc_ids = tuple(sorted({subnet.vpc_id for subnet in seen.facts.network.subnets}))
    for name, arn in arns.items():
        run_id, cluster = a_run(name, name).run_id, {**one["Cluster"], "ClusterName": name}
        own = {"RunId": run_id, "ClusterName": name, "ClusterArn": arn, "Cluster": cluster}
        kept = baselines.put(name, run_id, one | own)
        of = watched(name, cluster_arn=arn, run_id=run_id, request_id=name, vpc_ids=vpc_ids, baseline=kept)
        items.append(watch_key(name) | to_item(of.to_wire()))
    Batches(dynamodb, TABLE).put(items)
