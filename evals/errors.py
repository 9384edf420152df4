"""What can go wrong while measuring. All but a lost worker is wrong use: one sentence, exit status 2.

UsageError (research_agent.errors)
└── EvalError
    ├── TaskError          a task folder that cannot be used; the message names the file and the row
    ├── SelectionError     no question is left after the filters, or a filter that makes no sense
    ├── JudgeError         a judge that was not calibrated, cannot be, or is no better than chance
    ├── GridError          an unknown axis, or levels that make no grid
    ├── SweepError         a sweep that cannot go on as it was begun, or whose estimate is over its cap
    ├── StoreBusyError     another process is writing this run store
    ├── StoreFormatError   the file is not a run store of this version
    ├── StoreDiskError     the run store cannot be read or written
    └── EngineError        what should carry out the trials cannot be used

ConnectionError
└── WorkerError            a worker was lost with its question: the infrastructure failed, and it is asked again
"""

from research_agent.errors import UsageError


class EvalError(UsageError):
    """Base of everything this package raises on purpose."""


class TaskError(EvalError):
    """A task folder cannot be used."""


class SelectionError(EvalError):
    """The filters make no sense, or leave no question."""


class JudgeError(EvalError):
    """A judge's verdicts cannot be reported: it was not calibrated, cannot be, or is no better than chance."""


class GridError(EvalError):
    """An axis is unknown, or its levels make no grid."""


class SweepError(EvalError):
    """A sweep cannot go on as it was begun, cannot be carried out so, or would cost more than it may."""


class StoreBusyError(EvalError):
    """Another process is writing this run store."""


class StoreFormatError(EvalError):
    """The file is not a run store of this version."""


class StoreDiskError(EvalError):
    """The run store cannot be read or written."""


class EngineError(EvalError):
    """What should carry out the trials cannot be used: it is not installed, or its machines do not agree."""


class WorkerError(ConnectionError):
    """A worker was lost with its question: a failure of the infrastructure."""
