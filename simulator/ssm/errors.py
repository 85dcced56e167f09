from moto.core.exceptions import ServiceException


class Refused(ServiceException):
    """``Refused(code, message)``; one of our own, because moto looks for a service's errors where the class is from."""
