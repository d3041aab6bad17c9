from . import misbehaviour
