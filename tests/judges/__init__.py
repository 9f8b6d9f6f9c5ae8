"""Programs that nobody here wrote judge the simulated bank: `make judges`."""
