"""Why a node has nothing to say, as a claim: unknown, and the way to look by hand."""

from control_plane.domain.probe.claims import Claim, Promise
from control_plane.domain.probe.ledger import Trouble, TroubleKind
from control_plane.domain.probe.nodes import NodeLedger, NodeProbe
from control_plane.domain.probe.rules import ANSWER_TELLS, NODE_THERE, SESSION_OPENS

RULES = {
    TroubleKind.NO_NODE: NODE_THERE,
    TroubleKind.NO_SESSION: SESSION_OPENS,
    TroubleKind.NO_ANSWER: ANSWER_TELLS,
}

# By the code that StartSession refuses with, or that we found ourselves.
REMEDIES = {
    "AccessDeniedException": "If it names a managed-instance, deploy with SessionTargets=ManagedInstance.",
    "InvalidDocument": "Deploy the stack again: its Session document is gone.",
    "Restricted": "Nothing to do: these groups run without the internet.",
    "TargetNotConnected": "The node's agent is not connected: it is being replaced, or has no way to ssmmessages.",
}


def node_claim(ledger: NodeLedger, probe: NodeProbe, promise: Promise, echo_url: str) -> Claim:
    trouble = probe.trouble or Trouble(kind=TroubleKind.NO_ANSWER, code="", text="it was not asked")
    by_hand = ""
    if probe.instance_id:
        session = f"aws ssm start-session --target {ledger.target(probe)}"
        by_hand = f"By hand: {session} ; there: curl -4 {echo_url}"
    elif trouble.code != "Restricted":
        by_hand = f"See what is there: aws sagemaker list-cluster-nodes --cluster-name {ledger.cluster_arn}"
    remedy = f"{REMEDIES.get(trouble.code, '')} {by_hand}".strip()
    return Claim(RULES[trouble.kind], trouble.text, promise.wanted, remedy)
