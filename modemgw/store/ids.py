"""Identifiers of what is stored."""

from __future__ import annotations

from modemgw.ids import new_id

__all__ = ["new_id"]
