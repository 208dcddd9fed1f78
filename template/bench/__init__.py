"""How fast, how small and how flat: measured beside what people would pick instead."""
