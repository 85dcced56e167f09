"""The AWS endpoint: moto's services behind one threaded HTTP port, with a record of who called what."""

import io
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException, NotFound

from simulator.clock import ClockClosed
from simulator.connections import Handler, Server, collected
from simulator.faults import Faults
from simulator.faults.calls import Disturbance, Lost
from simulator.operations import Call, Refusal, call_of
from simulator.responses import Environ, Response, error

logger = logging.getLogger(__name__)

PROMPT = 0.05  # seconds until a server notices that it is to end

StartResponse = Callable[..., Any]
Authorise = Callable[[Call, Environ, bytes], Refusal | None]
Witness = Callable[[Call, Environ, bytes, Response], None]

# moto's backends were not written for threads: a transaction copies its tables while another call changes them.
# These never wait for another call to the same service, so they can take turns.
ONE_AT_A_TIME = ("dynamodb", "ec2", "iam", "s3", "secretsmanager")
NOT_MODELLED = "NotModelled"
BROKEN = "SimulatorBroken"


@dataclass(frozen=True)
class Answered:
    """A call and how it was answered; status 0: its reply was lost."""

    call: Call
    status: int
    older: int = 0  # earlier and different answers to the same question, since faults were last cleared


class Door:
    """Serves AWS on loopback until closed."""

    def __init__(self, port: int = 0) -> None:
        """
        Raises:
            OSError: the port is taken.
        """
        self.faults = Faults()
        self.disturbance = Disturbance(self.faults)
        self.authorise: Authorise = lambda _call, _environ, _body: None  # until there are roles to go by
        self.witness: Witness = lambda _call, _environ, _body, _response: None  # of what AWS answered, as AWS keeps it
        self.known_as: dict[str, str] = {}  # what callers are called in the record, if not by their own name
        self._answered: list[Answered] = []
        self._aws = DomainDispatcherApplication(_loud_app)
        self._turns = {service: threading.Lock() for service in ONE_AT_A_TIME}
        with socket.create_server(("127.0.0.1", port), backlog=128) as taken:  # werkzeug would exit the process itself
            self._server = Server("127.0.0.1", port, self._serve, Handler, fd=taken.fileno())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(PROMPT,), name="door", daemon=True)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def calls(self) -> list[Answered]:
        """All calls so far, in the order in which they were answered."""
        return list(self._answered)

    def record(self, call: Call, status: int, older: int = 0) -> None:
        """Note a call; those that reach a service by a shorter way than this door are noted by whoever makes them."""
        caller = self.known_as.get(call.caller, call.caller)
        self._answered.append(Answered(replace(call, caller=caller), status, older))

    def _serve(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = _whole_body(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        call = call_of(environ, body)
        try:
            status, headers, content = self._judged(call, environ, body)
        except Lost as lost:
            self.record(call, 0)
            lost.at_last()
            raise ConnectionAbortedError(str(lost)) from None  # werkzeug then drops the connection
        self.record(call, int(status.split()[0]), len(self.disturbance.older(call, environ, body)))
        start_response(status, headers)
        return [content]

    def _judged(self, call: Call, environ: Environ, body: bytes) -> Response:
        """Answer what the caller may ask, unless a fault has other plans."""
        if refusal := self.authorise(call, environ, body):
            refused = error(call, refusal.code, refusal.message, refusal.status)
            self.witness(call, environ, body, refused)
            return refused

        def ask() -> Response:
            response = self._answer(call, environ)
            self.disturbance.remember(call, environ, body, response)
            self.witness(call, environ, body, response)
            return response

        fault = self.faults.for_call(call)
        return self.disturbance.answer(fault, call, environ, body, ask) if fault else ask()

    def _answer(self, call: Call, environ: Environ) -> Response:
        """Have moto answer; what it lacks, and where it breaks, is a refusal that no client retries."""
        try:
            with self._turns.get(call.service, nullcontext()):
                return collected(self._aws, environ)
        except (NotImplementedError, NotFound) as lack:
            return error(call, NOT_MODELLED, f"The simulator has no {call.name}: {lack}")
        except ClockClosed:
            raise ConnectionAbortedError("The world has ended.") from None
        except Exception as bug:
            logger.exception("%s broke", call.name)
            return error(call, BROKEN, f"{call.name}: {bug!r}")


def _whole_body(environ: Environ) -> bytes:
    """
    Raises:
        ConnectionAbortedError: the caller died while it spoke, so nothing was asked.
    """
    if environ.get("wsgi.input_terminated", False):  # chunked
        return bytes(environ["wsgi.input"].read())
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = bytes(environ["wsgi.input"].read(length))
    if len(body) < length:
        raise ConnectionAbortedError(f"{length - len(body)} bytes never came.")
    return body


def _loud_app(service: Any) -> Flask:
    """Make moto's app for one service; what it lacks must not look like a server error, which clients retry."""
    if service is None:
        raise NotImplementedError("moto has no such service")
    app = create_backend_app(service)

    def raise_again(failure: Exception) -> Any:
        if isinstance(failure, HTTPException) and not isinstance(failure, NotFound):
            return failure  # a refusal of AWS's that moto models
        raise failure

    app.register_error_handler(Exception, raise_again)
    return app
