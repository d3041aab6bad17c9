"""Small files that unpack to large ones."""

import struct
import zlib

GIB = 2**30


def bomb(size, told=None):
    """A zip whose one entry unpacks to a tag and `size` blanks, and that tells another size."""
    block = 2**24
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    tag = packer.compress(b"<a>") + packer.flush(zlib.Z_FULL_FLUSH)
    packed = packer.compress(b" " * block) + packer.flush(zlib.Z_FULL_FLUSH)
    data = tag + packed * (size // block) + packer.flush()
    name, told = b"xl/worksheets/sheet1.xml", told or size + 3
    extra = struct.pack("<HHQQ", 1, 16, told, len(data))
    sizes = (0, 2**32 - 1, 2**32 - 1, len(name), len(extra))
    local = struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 45, 0, 8, 0, 0, *sizes) + name + extra
    entry = struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\1\2", 45, 45, 0, 8, 0, 0, *sizes, 0, 0, 0, 0, 0)
    entry += name + extra
    begin = len(local) + len(data)
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 1, 1, len(entry), begin, 0)
    return local + data + entry + end
