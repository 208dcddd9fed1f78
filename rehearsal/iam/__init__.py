"""The roles of `infra/`, and the simulator that judges their policies."""
