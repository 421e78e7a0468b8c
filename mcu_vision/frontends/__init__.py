"""Importers that turn other frameworks' models into graphs."""
