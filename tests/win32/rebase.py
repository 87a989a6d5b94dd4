"""Links a Windows program to another address, by its own relocations.

python3 rebase.py PROGRAM.exe COPY

The copy is the same program, module by module and byte by byte of its headers, but for where it
wants to be loaded and the addresses within it: Wine loads programs where they want to be.
"""

import struct
import sys

distance = 0x4_0000_0000


def main():
    data = bytearray(open(sys.argv[1], "rb").read())
    header = struct.unpack_from("<I", data, 0x3C)[0]
    sections, optional_bytes = struct.unpack_from("<H12xH", data, header + 6)
    optional = header + 24
    assert struct.unpack_from("<H", data, optional)[0] == 0x20B, "a 64-bit program"
    base = struct.unpack_from("<Q", data, optional + 24)[0]
    at, size = struct.unpack_from("<II", data, optional + 112 + 5 * 8)
    assert size > 0, "it has relocations"
    table = []
    for number in range(sections):
        entry = optional + optional_bytes + 40 * number
        table.append(struct.unpack_from("<IIII", data, entry + 8))

    def offset(address):
        for virtual_size, virtual, raw_size, raw in table:
            if virtual <= address < virtual + max(virtual_size, raw_size):
                return address - virtual + raw
        raise ValueError(f"no section has {address:#x}")

    block, end, moved = offset(at), offset(at) + size, 0
    while block < end:
        page, block_bytes = struct.unpack_from("<II", data, block)
        for entry in struct.unpack_from(f"<{(block_bytes - 8) // 2}H", data, block + 8):
            if entry >> 12 == 0:
                continue
            assert entry >> 12 == 10, "only 64-bit addresses"
            place = offset(page + (entry & 0xFFF))
            struct.pack_into("<Q", data, place, struct.unpack_from("<Q", data, place)[0] + distance)
            moved += 1
        block += block_bytes
    struct.pack_into("<Q", data, optional + 24, base + distance)
    open(sys.argv[2], "wb").write(data)
    print(f"{sys.argv[1]}: {moved} addresses moved")


main()
