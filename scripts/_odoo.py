# A file, not `-m odoo`: a prefork server starts its websocket process from sys.argv[0].
import os
import sys

sys.path.pop(0)  # this folder: only Odoo's own modules are wanted

# Odoo starts itself again by the bare name of its interpreter, and Python looks that up in PATH to
# find out which venv it belongs to.
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])

from odoo.cli.command import main

main()
