from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """An account, as Django has it. Fields of your own go here."""
