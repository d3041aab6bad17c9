from . import misbehaviour, values
