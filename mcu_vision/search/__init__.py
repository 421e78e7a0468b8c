"""Search for networks that suit the board: spaces, cost model, shared network, controller."""
