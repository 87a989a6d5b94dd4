"""Reads the steps of examples/producer.cpp while they are made: python3 consumer.py NAME. It never
sees half a step, however slow it is, and it can't disturb the producer: its mapping is read-only.
"""

import sys

import tessera


def main():
    waves = tessera.attach(sys.argv[1], wait=60)  # waits for the producer
    seen = lost = 0
    while True:
        how = waves.wait_published(seen, timeout=5)
        if how == "owner_gone":
            break
        if how == "timed_out":
            print("no step for 5 s", flush=True)
            continue
        frame = waves.latest()
        mean = frame.view.mean(dtype=float)
        whole = frame.whole()  # False: it was overwritten meanwhile
        lost += frame.step - seen - whole
        seen = frame.step
        if whole and seen % 10 == 0:
            print(f"step {seen} mean {mean:.4f}", flush=True)
    print(f"producer ended after step {seen}; {lost} steps were not looked at")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: consumer.py NAME")
    try:
        main()
    except tessera.Error as error:
        sys.exit(str(error))
