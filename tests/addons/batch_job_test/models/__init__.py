from . import keys, misbehaviour, repairs, values
