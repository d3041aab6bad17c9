"""A commit that stands, whatever its hooks do."""

import logging

_logger = logging.getLogger(__name__)


def commit_and_run_hooks(cr, what: str):
    """Commit, and run every commit hook.

    The hooks belong to many operations, or only tell people of progress: one that fails neither
    undoes the commit, which is done by then, nor keeps the others from running.

    :param what: is committed, for the log
    :raises Exception: nothing was committed
    """
    committed = []
    cr.postcommit._funcs.appendleft(lambda: committed.append(True))
    finish = cr.commit
    while finish:
        try:
            finish = finish()  # pylint: disable=invalid-commit
        except Exception as error:
            if not committed or cr.closed:
                raise
            # its text may hold customer data: the log gets its type
            _logger.warning("%s: after the commit a hook failed: %s", what, type(error).__name__)
            finish = cr.postcommit.run
