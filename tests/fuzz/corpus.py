"""The fuzzers' corpus: corpus.txt has a line for each input, its target and its bytes in hex.

    corpus.py unpack TARGET FOLDER    writes each input of a target to a file
    corpus.py pack TARGET FOLDER      puts a folder's files in the place of a target's inputs
"""

import hashlib
import os
import sys

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus.txt")


def lines():
    with open(CORPUS) as file:
        return [line.split() for line in file if line.strip()]


def unpack(target, folder):
    os.makedirs(folder, exist_ok=True)
    for name, *text in lines():
        if name == target:
            data = bytes.fromhex("".join(text))
            with open(os.path.join(folder, hashlib.sha1(data).hexdigest()), "wb") as file:
                file.write(data)


def pack(target, folder):
    kept = [line for line in lines() if line[0] != target]
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            kept.append([target, file.read().hex()])
    kept.sort(key=lambda line: (line[0], len(line[-1]), line[-1]))
    with open(CORPUS, "w") as file:
        file.writelines(" ".join(line).rstrip() + "\n" for line in kept)


{"unpack": unpack, "pack": pack}[sys.argv[1]](*sys.argv[2:])
