"""Makes a copy of the template its owner's."""
