"""The roles of `deploy/infra/`, and the simulator that judges their policies."""
