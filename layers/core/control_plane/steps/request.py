"""What the state machine hands to every step."""

from control_plane.domain.wire import Wire

PATIENCE = 5  # retries; the state machine has as many for a busy AWS


class StepRequest(Wire):
    """Ids only: a step reads its run itself, consistently, just before it acts."""

    run_id: str


class PatientRequest(StepRequest):
    """To a step that can do with less than it wants: while AWS is only busy it is to be tried again before it does."""

    retried: int = PATIENCE  # how often the state machine has tried again; whoever does not count has no patience

    @property
    def patient(self) -> bool:
        return self.retried < PATIENCE
