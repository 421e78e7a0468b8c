"""Changes to a quantised graph before it is planned; none changes a byte of its outputs."""
