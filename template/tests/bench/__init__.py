"""The measurements: their arithmetic, their report, and a run with the smallest numbers."""
