"""Quantised graphs as files of other tools."""
