"""Figures, each from a script that anyone can run."""
