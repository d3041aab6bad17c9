from . import barcodes, keys, misbehaviour, repairs, rows, trees, types, values
