"""What a confused or hostile host could send to the console."""

from random import Random

from hypothesis import strategies as st

COMMANDS = ["name", "profile", "timestamp", "help", "infer", "results", "model", "boxes", "ram", "steps", "reset"]
WITH_ARGUMENTS = ["db load", "db print", "db", "rows uart", "rows memory", "rows", "output", "crc", "infer"]
NUMBERS = ["0", "1", "15", "16", "17", "4294967295", "4294967296", "18446744073709551616", "-1", "0x10", "ff", "0g"]
WORDS = [*COMMANDS, *WITH_ARGUMENTS, *NUMBERS]


def _mutated(random: Random, command: bytes) -> bytes:
    data = bytearray(command)
    for _ in range(random.choice((0, 0, 1, 1, 2, 5))):
        at = random.randrange(len(data) + 1)
        data[at : at + random.randrange(3)] = random.randbytes(random.randrange(3))
    return bytes(data)


def fuzzed_command(random: Random) -> bytes:
    """Bytes that end in "%": words in any order, changed bytes, or noise; often longer than the command buffer.

    Numbers of runs stay small: a host that asks for a million inferences gets them.
    """
    kind = random.randrange(10)
    if kind == 0:
        return random.randbytes(random.randrange(200)) + b"%"
    if kind == 1:
        return b"db " + random.randbytes(random.randrange(60)).hex().encode() + b"%"
    if kind == 2:
        return random.choice(WORDS).encode() * random.randrange(1, 60) + b"%"
    words = [random.choice(WORDS), *random.choices(NUMBERS if random.randrange(3) else WORDS, k=random.randrange(4))]
    if words[0] == "infer":
        words = ["infer", *(str(random.randrange(4)) for _ in words[1:])]
    separator = random.choice((" ", " ", "  ", "\r\n", "\0", "%"))
    return _mutated(random, separator.join(words).encode()) + b"%"


commands = st.builds(fuzzed_command, st.randoms(use_true_random=False))
"""The same for hypothesis."""
