"""The fault matrix: what a modem can do to a text, one fault after the other."""
