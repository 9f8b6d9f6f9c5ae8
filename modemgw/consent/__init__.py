"""Whether a text may go: STOP words, the gate, the recipient's hours, and whose number it is.

Pure: functions of the values passed in, without a clock, a loop or a database. It decides;
others act on what it decided.
"""
