"""Takes the pipeline into an existing Django project."""
