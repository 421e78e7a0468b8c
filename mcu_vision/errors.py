"""The error that a user can cause and mend."""


class UserError(Exception):
    """A fault of input or environment, in one line that says what is wrong and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """
