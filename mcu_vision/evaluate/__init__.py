"""Detection on photos, average precision, prediction files, pictures. Imports no torch."""
