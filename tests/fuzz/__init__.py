"""Coverage-guided fuzzing of the codec and the AT dialogue: `make fuzz`, or `python -m tests.fuzz`.

`targets` are functions that take any octets and fail where a promise is broken; they need
no fuzzer, and a test feeds them their seeds. `seeds` are the test vectors, in the form that each
target takes. `one` hands a single target to atheris in a process of its own; `__main__` does that
for all of them, shares the time out, and sums up.
"""
