from django.conf import settings
from django.core.exceptions import ValidationError


def validate_storage(file):
    """Refuse a file that the next release would lose."""
    if settings.PRODUCTION and not settings.AWS_STORAGE_BUCKET_NAME:
        raise ValidationError("Uploads are off: AWS_STORAGE_BUCKET_NAME is not set.")
