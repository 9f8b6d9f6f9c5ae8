"""One modem, alive: port, dialogue over it, life cycle, discovery.

`modemgw.modem.interface` is all that the gateway knows of this room.
"""
