"""What one does with a template: begin a copy, or take it into an existing project."""
