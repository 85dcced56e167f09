"""The request door: is this a request that can be worked on? Its shape alone; nothing here asks AWS."""

from control_plane.domain.door.judge import Judged, judge_body, judge_text
from control_plane.domain.door.rules import DOOR_RULES
from control_plane.domain.request import request_fingerprint

__all__ = ["DOOR_RULES", "Judged", "judge_body", "judge_text", "request_fingerprint"]
