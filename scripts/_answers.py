"""_answers.py PID URL: exits with 0 if a server answers at the URL and is that very process.

Another program may hold the port, and a 200 of its own says nothing. The kernel knows whose it is,
so nothing is sent before that is known.
"""

import sys
import urllib.request
from urllib.parse import urlsplit

import psutil


def listens(pid: int, port: int | None) -> bool:
    """Return whether the process itself holds the port."""
    connections = psutil.Process(pid).net_connections("tcp4")
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)


def answers(url: str) -> bool:
    """Return whether Odoo says that it is well; no proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/web/health", timeout=10) as reply:
        return reply.status == 200


if __name__ == "__main__":
    try:
        pid, url = int(sys.argv[1]), sys.argv[2]
        sys.exit(not (listens(pid, urlsplit(url).port) and answers(url)))
    except (OSError, psutil.Error):
        sys.exit(1)
