"""GitHub: its tokens, its jobs, and act, which runs them."""
