"""The time limits of a cron worker."""

import resource
import threading
import time

import psutil

from odoo.tools import config

from ...engine.outcomes import Failure

SAFE_PART = 0.75  # of a worker's time limit
FRESH_PART = 0.1  # a whole transaction may begin while at most this part of the limit is used
LATE_PART = 0.25  # the same after the runner has asked for a new pass: one more would not help

_thread = threading.local()


class StopAll(Exception):
    """Ends a chunk that is kept or rolled back whole.

    :param position: the position that the chunk has reached
    :param failure: the reason; None: the job was cancelled
    """

    def __init__(self, position: int, failure: Failure | None = None):
        super().__init__(position)
        self.position = position
        self.failure = failure


class OutOfTime(StopAll):
    """The worker's time limit is near."""


class Deadline:
    """When Odoo would kill this worker: after a time by the clock, or after some CPU time.

    Odoo counts both from the beginning of a pass. A pass runs all scheduled actions that are due;
    in prefork mode the pass includes the idle sleep before them.

    A threaded server tells when a pass began. A prefork worker does not tell; there `Deadline`
    counts from the moment that `_Passes` finds out. If too much time may be gone, the runner asks
    for a new pass (decision 10).
    """

    def __init__(self, begun: float | None = None, has_asked: bool = False, name=None):
        """
        :param begun: the earliest moment at which the pass may have begun; default: now
        :param has_asked: the runner ended its last turn to get this pass
        :param name: of the runner whose turn begins; None: outside of scheduled actions
        """
        self._begun = time.monotonic() if begun is None else begun
        self._has_asked = has_asked
        self._name = name
        self.seconds = _limit_of_this_thread()
        self.wants_new_pass = False
        self.has_worked = False  # this turn has executed a chunk

    @classmethod
    def of_turn(cls, name) -> "Deadline":
        """The deadline of a runner's turn that begins now.

        :param name: of the runner, unique in this process
        """
        passes = _passes()
        begun = passes.begin_turn(name)
        pass_began = getattr(threading.current_thread(), "start_time", None)
        if pass_began:
            begun = time.monotonic() - (time.time() - pass_began)
        return cls(begun, name in passes.asked, name)

    def end_turn(self):
        if self._name is not None:
            _passes().end_turn(self._name, self.wants_new_pass)

    def is_near(self) -> bool:
        return self._used() > SAFE_PART

    def allows_to_begin(self) -> bool:
        """Whether a whole or suspect chunk may begin. If not, note that the runner wants a new
        pass."""
        enough = self._used() <= (LATE_PART if self._has_asked else FRESH_PART)
        self.wants_new_pass |= not enough
        return enough

    def allows_another(self) -> bool:
        """Whether a chunk that can be handed back may begin. If not, note that the runner wants a
        new pass.

        The first chunk of a turn may begin. A later chunk may begin unless the deadline is near:
        the sleep before the pass and the turns of several runners together may use up the limit.
        """
        enough = not self.has_worked or not self.is_near()
        self.wants_new_pass |= not enough
        return enough

    @property
    def asks_at_once(self) -> bool:
        """Whether the runner asks for a new pass before other work. If the last new
        pass did not help, other work comes first."""
        return self.wants_new_pass and not self._has_asked

    def describe(self, env) -> str:
        return env._(
            "%(real)s s real time, %(cpu)s s CPU time",
            real=self.seconds,
            cpu=config["limit_time_cpu"],
        )

    def _used(self) -> float:
        """How much of a limit may be used up, 0 to 1: real time or CPU time, the larger."""
        elapsed = time.monotonic() - self._begun
        return max(elapsed / self.seconds if self.seconds else 0.0, _cpu_used())


class _Passes:
    """What the turns of runners in this thread tell about the beginning of the pass.

    A runner has at most one turn in a pass. So when a runner begins a second turn, a new pass has
    begun since the last turn in this thread ended, whichever runner had that turn.
    """

    def __init__(self):
        # on the clock of `time.monotonic`; no pass began before its process
        self.begun = time.monotonic() - (time.time() - psutil.Process().create_time())
        self.ended = self.begun  # the last turn
        self.in_pass = set()  # names of runners that have had a turn since `begun`
        self.asked = set()  # names of runners whose last turn asked for a new pass

    def begin_turn(self, name) -> float:
        """The moment after which the pass of this turn began."""
        if name in self.in_pass:
            self.begun = self.ended
            self.in_pass.clear()
        self.in_pass.add(name)
        return self.begun

    def end_turn(self, name, asks):
        self.ended = time.monotonic()
        if asks:
            self.asked.add(name)
        else:
            self.asked.discard(name)


def _passes() -> _Passes:
    if not hasattr(_thread, "passes"):
        _thread.passes = _Passes()
    return _thread.passes


def forget_passes():
    """Know no more of this thread than at its beginning. For tests."""
    _thread.passes = _Passes()


def _limit_of_this_thread() -> int:
    """The time limit in seconds, read from the options as Odoo does. 0: no limit."""
    limit = config["limit_time_real_cron"]
    is_threaded = getattr(threading.current_thread(), "type", None) == "cron"
    if limit is None or limit < 0 or is_threaded and not limit:
        return config["limit_time_real"]
    return limit


def _cpu_used() -> float:
    """The used part of the CPU limit. At each pass a prefork worker sets the limit anew: the CPU
    time used so far, plus `limit_time_cpu`."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_CPU)
    if soft == resource.RLIM_INFINITY or not config["limit_time_cpu"]:
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return 1 - (soft - usage.ru_utime - usage.ru_stime) / config["limit_time_cpu"]
