from moto.core.exceptions import ServiceException


class Refused(ServiceException):
    """``Refused(code, message)``; one of our own, because moto looks for a service's errors where the class is from."""


def not_found(what: str) -> Refused:
    return Refused("ResourceNotFound", f"{what} does not exist.")


def invalid(message: str) -> Refused:
    return Refused("ValidationException", message)
