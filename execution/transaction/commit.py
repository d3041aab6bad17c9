"""A commit that holds, even if a commit hook fails."""

import logging

_logger = logging.getLogger(__name__)


def commit_and_run_hooks(cr, what: str):
    """Commit, and run every commit hook.

    Hooks run after the commit. They belong to many operations, or only show progress. So if a hook
    fails, log the failure and run the other hooks.

    :param what: names in the log what is committed
    :raises Exception: the commit failed, nothing was committed
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
            # the error's text may hold customer data: log only its type
            _logger.warning("%s: after the commit a hook failed: %s", what, type(error).__name__)
            finish = cr.postcommit.run
