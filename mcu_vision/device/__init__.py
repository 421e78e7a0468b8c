"""Boards over their serial interfaces."""
