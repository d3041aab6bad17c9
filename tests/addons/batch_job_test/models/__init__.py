from . import keys, misbehaviour, repairs, rows, types, values
