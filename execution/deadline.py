"""The time limits of a cron worker."""

import resource
import threading
import time

import psutil

from odoo.tools import config

from ..engine.outcomes import Failure

SAFE_PART = 0.75  # of a worker's time limit
FRESH_PART = 0.1  # what stands or falls together begins before more than this is gone
LATE_PART = 0.25  # the same in a pass we have asked for: what came before us, will again

_thread = threading.local()


class StopAll(Exception):
    """What stands or falls together ends now.

    :param position: that it has reached
    :param failure: says why; None: it was cancelled
    """

    def __init__(self, position: int, failure: Failure | None = None):
        super().__init__(position)
        self.position = position
        self.failure = failure


class OutOfTime(StopAll):
    """The worker's time limit is near."""


class Deadline:
    """When this worker would be killed, by the clock or by its CPU time.

    Odoo counts from the beginning of a pass (all scheduled actions that are due; in prefork mode
    also the idle sleep before them), and tells nobody when that was. But a pass has one turn of a
    runner at most: this pass began after the runner's last turn in this thread. So it is at most
    that old; where that is too much, the runner asks for a new pass (decision 10).
    """

    def __init__(self, begun: float | None = None, has_asked: bool = False, runner=None):
        """
        :param begun: the earliest moment at which Odoo's clock may have started; now unless given
        :param has_asked: the runner's last turn has ended so that this pass could begin
        :param runner: whose turn it is; None: nobody's, it is no pass of scheduled actions
        """
        self._begun = time.monotonic() if begun is None else begun
        self._has_asked = has_asked
        self._runner = runner
        self.seconds = _limit_of_this_thread()
        self.wants_fresh_pass = False
        self.has_worked = False  # a chunk was done in this turn

    @classmethod
    def of_turn(cls, runner) -> "Deadline":
        """That of a runner's turn, which begins now.

        :param runner: names it in this process
        """
        # no pass is older than its process
        ended, asked = _turns().get(runner, (_process_began(), False))
        told = getattr(threading.current_thread(), "start_time", None)
        begun = time.monotonic() - (time.time() - told) if told else ended
        return cls(begun, asked, runner)

    def end_turn(self):
        """A pass that sees this runner again begins after this moment."""
        if self._runner is not None:
            _turns()[self._runner] = (time.monotonic(), self.wants_fresh_pass)

    def is_near(self) -> bool:
        return self._used() > SAFE_PART

    def allows_to_begin(self) -> bool:
        """Whether enough is left for what cannot be put back half-done; if not, it is wanted."""
        enough = self._used() <= (LATE_PART if self._has_asked else FRESH_PART)
        self.wants_fresh_pass |= not enough
        return enough

    def allows_another(self) -> bool:
        """Whether a chunk may begin that ends soon: one may in each turn, however old the pass is.

        More only if the pass is known to be young: the sleep before it and the turns of several
        runners are too much together.
        """
        enough = not self.has_worked or not self.is_near()
        self.wants_fresh_pass |= not enough
        return enough

    @property
    def asks_at_once(self) -> bool:
        """A new pass comes before other work; after a vain one, other work does."""
        return self.wants_fresh_pass and not self._has_asked

    def describe(self) -> str:
        return f"{self.seconds} s real time, {config['limit_time_cpu']} s CPU time"

    def _used(self) -> float:
        """The part of the limit that may be gone, of the clock's or of the CPU time's."""
        elapsed = time.monotonic() - self._begun
        return max(elapsed / self.seconds if self.seconds else 0.0, _cpu_used())


def _process_began() -> float:
    """By the clock of `time.monotonic`."""
    return time.monotonic() - (time.time() - psutil.Process().create_time())


def _turns() -> dict:
    """(end, whether it asked for a new pass) of each runner's last turn in this thread."""
    return _thread.__dict__.setdefault("turns", {})


def _limit_of_this_thread() -> int:
    """As the server reads its options; 0: there is none."""
    limit = config["limit_time_real_cron"]
    is_threaded = getattr(threading.current_thread(), "type", None) == "cron"
    if limit is None or limit < 0 or is_threaded and not limit:
        return config["limit_time_real"]
    return limit


def _cpu_used() -> float:
    """In prefork mode Odoo sets the limit anew at each pass, to what is used by then and more."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_CPU)
    if soft == resource.RLIM_INFINITY or not config["limit_time_cpu"]:
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return 1 - (soft - usage.ru_utime - usage.ru_stime) / config["limit_time_cpu"]
