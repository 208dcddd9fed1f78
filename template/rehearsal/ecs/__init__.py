"""Amazon ECS: its API, its scheduler, and what becomes of tasks."""
