"""One target under atheris: `python -m tests.fuzz.one TARGET [options and corpus of libFuzzer]`.

Never returns: libFuzzer ends the process, with a status other than 0 where it found something.
"""

from __future__ import annotations

import sys

import atheris


def main() -> None:
    """Instrument codec and dialogue, then fuzz."""
    with atheris.instrument_imports(include=["modemgw.pdu", "modemgw.at"]):
        from .targets import TARGETS
    name, *options = sys.argv[1:]
    [target] = [target for target in TARGETS if target.name == name]
    atheris.Setup([sys.argv[0], *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
