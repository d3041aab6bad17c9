from . import barcodes, deeds, keys, misbehaviour, repairs, rows, trees, types, values
