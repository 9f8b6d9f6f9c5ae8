"""The simulated modem bank, judged from outside: by its ptys, its socket, its journal."""
