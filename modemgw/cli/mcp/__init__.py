"""Texting for programs that act as agents, by the Model Context Protocol."""
