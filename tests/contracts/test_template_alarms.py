"""What was given up on, and each run and look that failed, rings: the very queue and machines are watched."""

from typing import Any

import pytest

from tests.contracts.deployed import RUN, WATCH, Properties, machines, named, of_type, properties


def dimension(metric: Properties, name: str) -> str:
    [value] = [each["Value"] for each in metric["Dimensions"] if each["Name"] == name]
    return named(value)


def test_one_letter_in_the_queue_that_all_dead_letters_go_to_rings() -> None:
    alarm = properties("DeadLettersAlarm")
    [queue] = of_type("AWS::SQS::Queue")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert dimension(alarm, "QueueName") == queue
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "Maximum",
        "GreaterThanThreshold",
        0,
    )


MACHINES = {"FailedExecutionsAlarm": RUN, "FailedLooksAlarm": WATCH}


def test_every_state_machine_has_an_alarm_of_its_own() -> None:
    assert sorted(MACHINES.values()) == sorted(machines())


@pytest.mark.parametrize(("name", "machine"), MACHINES.items())
def test_one_execution_that_did_not_succeed_rings(name: str, machine: str) -> None:
    alarm = properties(name)
    [total] = [each for each in alarm["Metrics"] if "Expression" in each]
    summed = {each["Id"]: each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each}
    assert sorted(metric["MetricName"] for metric in summed.values()) == [
        *("ExecutionsAborted", "ExecutionsFailed", "ExecutionsTimedOut")
    ]
    assert {dimension(metric, "StateMachineArn") for metric in summed.values()} == {machine}
    assert total["Expression"] == " + ".join(f"FILL({each}, 0)" for each in summed)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


@pytest.mark.parametrize("alarm", of_type("AWS::CloudWatch::Alarm").values(), ids=of_type("AWS::CloudWatch::Alarm"))
def test_an_alarm_rings_at_once_and_tells_whoever_is_named(alarm: dict[str, Any]) -> None:
    topic = {"Fn::If": ["NotifyTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")
    assert alarm["AlarmActions"] == topic
    assert alarm["AlarmDescription"]
