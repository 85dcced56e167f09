"""A redrive goes on where an execution failed. Whatever state that was: it changes nothing any more.

A caught failure ends in a Fail state, and to go on there is to fail again. An execution that was stopped, or that broke
where nothing is caught, may have been anywhere, so every state that does something is tried. Moto knows no redrive: a
copy of the machine begins at the state, with the variables that the run had there.
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import json
from typing import Any

import pytest

from tests.stories.stage import Stage
from tests.stories.test_causes import UNPROBED

Definition = dict[str, Any]

VARIABLES = {
    "failure": {"Error": "ClusterFailed", "Cause": "The cluster is Failed."},
    "cluster": {"Status": "Waiting", "Reason": "", "WaitSeconds": 30},
    "check": {"Verdict": "Clear", "ProveBeforeCreate": True},
    "probes": {"Status": "Waiting", "Verdict": "Proved", "WaitSeconds": 10},
    "explanation": {"Cause": "Capacity", "DeleteCluster": True},
    "outcome": {"State": "Failed"},
    "trouble": {"Error": "AwsUnavailable", "Cause": "dynamodb:PutItem"},
}


def deployed(stage: Stage) -> tuple[Definition, str]:
    """The state machine's definition, and the role it runs under."""
    arn = stage.sim.world["StateMachines"]["ProvisionCluster"]
    machine = stage.sim.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    return json.loads(machine["definition"]), machine["roleArn"]


def redrive(stage: Stage, run_id: str, state: str, where: int) -> str:
    """Go on at a state in the run's name; answers the execution's name."""
    definition, role = deployed(stage)
    definition["StartAt"] = "Redrive"
    definition["States"]["Redrive"] = {"Type": "Pass", "Assign": VARIABLES, "Next": state}
    name = f"{run_id}-redriven-{where}"
    stepfunctions = stage.sim.client("stepfunctions")
    made = stepfunctions.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    payload = json.dumps({"RunId": run_id})
    stepfunctions.start_execution(stateMachineArn=made["stateMachineArn"], name=name, input=payload)
    return name


def all_there_is(stage: Stage) -> dict[str, Any]:
    client, outputs = stage.sim.client, stage.sim.outputs
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=outputs["RunTableName"])
    versions = client("s3").list_object_versions(Bucket=outputs["EvidenceBucketName"]).get("Versions", [])
    clusters = client("sagemaker").list_clusters()["ClusterSummaries"]
    instances = stage.ec2.describe_instances()["Reservations"]
    return {
        "table": sorted(json.dumps(item, sort_keys=True) for page in pages for item in page["Items"]),
        "evidence": sorted((one["Key"], one["VersionId"]) for one in versions),
        "clusters": sorted((one["ClusterArn"], one["ClusterStatus"]) for one in clusters),
        "instances": sorted(one["InstanceId"] for reservation in instances for one in reservation["Instances"]),
        "events": len(stage.sim.events()) - len(stage.sim.events("Step Functions Execution Status Change")),
        "slack": len(stage.sim.slack()),
    }


def stopped(stage: Stage) -> str:
    with stage.sim.hold():
        run_id = stage.start(stage.request(**UNPROBED), until="WaitForCluster")
        arn = stage.sim.get(f"/runs/{run_id}")["ExecutionArn"]
        stage.sim.client("stepfunctions").stop_execution(executionArn=arn)
    return run_id


def deleted_and_its_name_used_again(stage: Stage) -> str:
    stage.sim.hyperpod.fail(stage.cluster, "Capacity")
    first = stage.run(stage.request(**UNPROBED, OnFailure="Delete"))
    stage.sim.clock.sleep(1800)
    again = stage.run(stage.request(**UNPROBED) | {"RequestId": f"{stage.cluster}-again"})
    assert (again.run["State"], again.clusters) == ("Provisioned", 1)
    return str(first.run["RunId"])


@pytest.mark.long
@pytest.mark.parametrize("scene", [stopped, deleted_and_its_name_used_again], ids=lambda scene: scene.__name__)
def test_a_failed_run_that_is_redriven_from_any_state_fails_again_and_changes_nothing(stage: Stage, scene: Any) -> None:
    run_id = scene(stage)
    stage.sim.clock.sleep(1800)  # HyperPod goes on with its clusters
    stage.sim.settle()
    before = all_there_is(stage)
    states = deployed(stage)[0]["States"].items()
    redriven = [name for name, state in states if state["Type"] in ("Task", "Fail")]  # all others only lead to these
    names = [redrive(stage, run_id, state, where) for where, state in enumerate(redriven)]
    ends = [stage.sim.wait_for(name)["status"] for name in names]
    stage.sim.settle()

    assert len(redriven) >= 13
    assert dict(zip(redriven, ends, strict=True)) == dict.fromkeys(redriven, "FAILED")
    assert all_there_is(stage) == before
