from django.contrib.auth.models import User
from django.core.files.storage import FileSystemStorage
from django.db import models


class Lecture(models.Model):
    """Its video lies in the bucket, and a copy of it on the disk."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE)
    video = models.FileField()
    copy = models.FileField(storage=FileSystemStorage(allow_overwrite=True))
