"""Training loops, losses and what they share."""
