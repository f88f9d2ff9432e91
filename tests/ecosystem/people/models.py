"""People with a phone."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    phone = models.CharField(max_length=16, unique=True, null=True)
    phone_verified = models.BooleanField(default=False)
