"""Why a run failed: from the texts that AWS and our steps left behind to a cause and the next thing to do. Pure."""

import json
import re
from collections.abc import Sequence

from pydantic import ConfigDict

from control_plane import errors
from control_plane.domain.cluster.failure_clues import CLUES, NO_CLUE, NO_CLUE_AND_NO_CLUSTER, Clue
from control_plane.domain.findings import Severity, worst_first
from control_plane.domain.run import Cause, Run
from control_plane.domain.wire import Wire

DETAIL_CHARACTERS = 2000
# Names of our own errors mean nothing to who reads what AWS said.
OURS = re.compile(rf"^({'|'.join(name for name in vars(errors) if name[0].isupper())}): ")
EVIDENCE_ROWS = 3


class Failure(Wire):
    """What the state machine caught, or was told by a verdict; it says what it can."""

    model_config = ConfigDict(extra="ignore")

    error: str = ""  # the error's name: "AwsRefused", "States.Timeout", "ClusterFailed"
    cause: str | None = ""

    @property
    def text(self) -> str:
        """The error with its message. A Lambda's cause is JSON around the message, with a stack trace nobody needs.

        >>> Failure(error="AwsRefused", cause='{"errorType": "AwsRefused", "errorMessage": "no"}').text
        'AwsRefused: no'
        """
        return ": ".join(part for part in (self.error, _message_in(self.cause or "")) if part)


class Explanation(Wire):
    cause: Cause
    cause_detail: str
    remedy: str


def explain(failure: Failure, texts: Sequence[str], unread: Sequence[str], run: Run) -> Explanation:
    """Find the cause that HyperPod's texts and the failure itself point to; where none does, say so and pass them on.

    What could not be read, and why, is passed on beside them.
    """
    told = _distinct((*texts, failure.text))
    clue, telling = _first_clue(told) or (
        NO_CLUE if run.cluster_arn else NO_CLUE_AND_NO_CLUSTER,
        told[0] if told else "",
    )
    parts = [telling or "Nothing that we could read says why."]
    parts += _own_evidence(run) if clue.misleading else []
    parts += [f"Could not read: {why}" for why in unread]
    parts += [text for text in told if telling not in text]
    parts = [OURS.sub("", part) for part in parts]
    remedy = clue.remedy.format(cluster=run.cluster_name, log_group=_log_group(run), phase=run.phase)
    return Explanation(cause=clue.cause, cause_detail=_bounded("\n".join(parts)), remedy=remedy)


def _first_clue(texts: Sequence[str]) -> tuple[Clue, str] | None:
    """The first row that any text matches, with that text."""
    return next(((clue, text) for clue in CLUES for text in texts if re.search(clue.words, text, re.IGNORECASE)), None)


def _own_evidence(run: Run) -> list[str]:
    # Such a text can name a part of the network that is in order.
    seen = [finding for finding in worst_first(run.findings) if finding.severity is not Severity.INFO]
    if not seen:
        return ["Our own check of the account had found nothing against it."]
    return [
        f"Our own check had found {finding.rule} on {finding.subject}: {finding.seen}"
        for finding in seen[:EVIDENCE_ROWS]
    ]


def _message_in(cause: str) -> str:
    try:
        wrapped = json.loads(cause)
    except ValueError:
        return cause
    return str(wrapped.get("errorMessage", cause)) if isinstance(wrapped, dict) else cause


def _distinct(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _bounded(text: str) -> str:
    return text if len(text) <= DETAIL_CHARACTERS else f"{text[: DETAIL_CHARACTERS - 1]}…"


def _log_group(run: Run) -> str:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-cluster-management-slurm.html
    return f"/aws/sagemaker/Clusters/{run.cluster_name}/{(run.cluster_arn or '<cluster id>').rpartition('/')[2]}"
