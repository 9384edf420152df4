"""What can go wrong in an exact task.

EvalError (evals.errors)
└── SpentError    a solver asks the world for more than its budget allows
"""

from evals.errors import EvalError


class SpentError(EvalError):
    """A solver asked for more than its budget allows."""
