# A file, not `-m odoo`: a prefork server starts its websocket process from sys.argv[0].
import sys

sys.path.pop(0)  # this folder: only Odoo's own modules are wanted

from odoo.cli.command import main

main()
