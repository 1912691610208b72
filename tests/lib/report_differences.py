"""Where two JSON reports differ."""
import re

# Packet numbers stay those of each capture; a merged open_peak is the sum.
OWN = re.compile(r"packet$|open_peak$")


def differences(path, a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        for name in list(a) + [name for name in b if name not in a]:
            yield from differences(f"{path}.{name}", a.get(name), b.get(name))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, pair in enumerate(zip(a, b)):
            yield from differences(f"{path}[{i}]", *pair)
    elif a != b and not OWN.search(path):
        yield f"{path}: {a} and {b}"
