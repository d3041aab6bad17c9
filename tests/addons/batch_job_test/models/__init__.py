from . import misbehaviour, repairs, values
