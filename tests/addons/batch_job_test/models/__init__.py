from . import keys, misbehaviour, repairs, rows, trees, types, values
