"""What was given up on, and every run that failed, makes an alarm ring: the very queue and machine are watched."""

from typing import Any

import pytest

from tests.contracts.deployed import Properties, named, of_type, properties


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


def test_one_execution_that_did_not_succeed_rings() -> None:
    alarm = properties("FailedExecutionsAlarm")
    [total] = [each for each in alarm["Metrics"] if "Expression" in each]
    summed = {each["Id"]: each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each}
    [machine] = of_type("AWS::StepFunctions::StateMachine")
    assert {metric["MetricName"] for metric in summed.values()} == {
        *("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")
    }
    assert {dimension(metric, "StateMachineArn") for metric in summed.values()} == {machine}
    assert total["Expression"] == " + ".join(f"FILL({each}, 0)" for each in summed)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


@pytest.mark.parametrize("alarm", of_type("AWS::CloudWatch::Alarm").values(), ids=of_type("AWS::CloudWatch::Alarm"))
def test_an_alarm_rings_at_once_and_tells_whoever_is_named(alarm: dict[str, Any]) -> None:
    topic = {"Fn::If": ["NotifyTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")
    assert alarm["AlarmActions"] == topic
    assert alarm["AlarmDescription"]
