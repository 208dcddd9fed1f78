"""How the image is made from any Django project, and how it serves one."""
