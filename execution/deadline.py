"""The time limits of a cron worker."""

import resource
import time

from odoo.tools import config

SAFE_PART = 0.75  # of a worker's time limit


class Deadline:
    """When this worker would be killed, by the clock or by its CPU time."""

    def __init__(self):
        self._started = time.monotonic()
        limit = config["limit_time_real_cron"]
        self.seconds = config["limit_time_real"] if limit is None or limit < 0 else limit

    def is_near(self) -> bool:
        elapsed = time.monotonic() - self._started
        return bool(self.seconds) and elapsed > SAFE_PART * self.seconds or self._cpu_is_near()

    def describe(self) -> str:
        return f"{self.seconds} s real time, {config['limit_time_cpu']} s CPU time"

    @staticmethod
    def _cpu_is_near():
        soft, _hard = resource.getrlimit(resource.RLIMIT_CPU)
        if soft == resource.RLIM_INFINITY:
            return False
        usage = resource.getrusage(resource.RUSAGE_SELF)
        left = soft - usage.ru_utime - usage.ru_stime
        return left < (1 - SAFE_PART) * config["limit_time_cpu"]
