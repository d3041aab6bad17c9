from . import keys, misbehaviour, repairs, rows, values
