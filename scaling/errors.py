"""What can go wrong in a fit: a table that is not one, or data that cannot answer."""


class ScalingError(Exception):
    """Base of this package's errors; the message is a sentence with the numbers in it and what to do."""


class TrialsError(ScalingError, ValueError):
    """A table of trials is malformed; the message names the row or column."""


class FitError(ScalingError):
    """The data cannot answer what was asked of it; the message says what to add."""
