from . import rows_file
