"""What may come of a question to the service."""


class Ended(Exception):
    """The service wants nothing of this launch any more: its run has ended, or another attempt is at work."""


class Refused(Exception):
    """The service said no to what was asked; asking again does not help."""


class Away(Exception):
    """No answer that counts; another try may bring one. `asked`: seconds that the service asks to wait."""

    def __init__(self, problem, asked=None):
        Exception.__init__(self, problem)
        self.asked = asked


class Fault(Away):
    """The service has a fault of its own: it may pass, and one that stays for many tries does not."""
