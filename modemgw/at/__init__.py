"""The AT dialogue, sans-I/O (3GPP TS 27.005, 27.007; ITU-T V.250).

Bytes in, events out; commands in, bytes out. Nothing here sleeps, reads, writes or knows the
time. `dialogue` is the state machine and opens with how it works.
"""
