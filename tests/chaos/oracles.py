"""Who says how a disturbed run should end: the undisturbed one, wherever the trouble passes.

Three kinds of trouble do not pass. They are judged by what may never happen, and by what a person must come to see:

* an execution that is stopped or timed out: its run ends once, as Failed for that reason, unless it had ended before;
* a webhook that Slack has revoked: all is as undisturbed, and what Slack lacks is in the dead-letter queue;
* a plane that dies and does not come back: the probes end themselves. When it does come back the run ends, once, and a
  request that it never took in is in the dead-letter queue.
"""

from tests.chaos.cases import Case
from tests.chaos.world import Played

# What nobody asked for has no cause of its own.
ENDED_FROM_OUTSIDE = {"STOP": {"Stopped"}, "TIME_OUT": {"Unknown", "Deadline"}}


def complaints(case: Case, played: Played, plain: Played) -> list[str]:
    """What is wrong with the end of a disturbed run; nothing, if it survived."""
    if not played.injected:
        return ["no fault came to be: the run went another way"]
    if any("/NEVER_BACK" in fault for fault in case.faults):
        return _back_from_the_dead(played)
    if any(fault.startswith("execution/") for fault in case.faults):
        return _ended_from_outside(case, played, plain)
    if "slack/404" in case.faults:
        return _unheard_in_slack(played, plain)
    return _as_undisturbed(played, plain)


def _as_undisturbed(played: Played, plain: Played) -> list[str]:
    return [*played.remains.complaints(), *played.end.differences(plain.end), *_letters(played)]


def _ended_from_outside(case: Case, played: Played, plain: Played) -> list[str]:
    [causes] = [causes for kind, causes in ENDED_FROM_OUTSIDE.items() if f"/{kind}" in str(case)]
    end, usual = played.end.run, plain.end.run
    as_usual = (end["State"], end["Cause"]) == (usual["State"], usual["Cause"])
    explained = end["State"] == "Failed" and end["Cause"] in causes and end["CauseDetail"] and end["Remedy"]
    wrong = [] if as_usual or explained else [f"{end['State']} for {end['Cause']}: {end['CauseDetail']}"]
    return [*wrong, *played.remains.complaints(), *_letters(played), *_silence(played)]


def _unheard_in_slack(played: Played, plain: Played) -> list[str]:
    lacking = set(plain.end.slack) - set(played.end.slack)
    lost = [event_id for event_id in lacking if not any(event_id in letter for letter in played.dead_letters)]
    others = [each for each in played.end.differences(plain.end) if not each.startswith("end.slack")]
    return [*played.remains.complaints(), *others, *(f"nobody sees that Slack lacks {event_id}" for event_id in lost)]


def _back_from_the_dead(played: Played) -> list[str]:
    never_taken_in = not played.remains.state and any("<request>" in letter for letter in played.dead_letters)
    after = [] if never_taken_in else played.remains.complaints()
    return [*(f"while it was dead: {each}" for each in played.while_dead), *after]


def _letters(played: Played) -> list[str]:
    return [f"dead letter: {letter}" for letter in played.dead_letters]


def _silence(played: Played) -> list[str]:
    """Whatever was told on the bus was told in Slack too."""
    return [f"Slack lacks {event_id}" for event_id in played.end.events if event_id not in played.end.slack]
