"""What one does with a template: take it into an existing project, or give a copy other names."""
