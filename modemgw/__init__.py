"""modemgw: an SMS gateway over a bank of GSM modems."""

__version__ = "0.1.0"
