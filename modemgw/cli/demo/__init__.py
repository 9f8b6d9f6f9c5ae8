"""`modemgw demo`: a bank of simulated modems, the daemon on it, and a tour of both."""
