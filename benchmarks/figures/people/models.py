"""A user with a phone, under the names that drfpasswordless expects."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    mobile = models.CharField(max_length=17, unique=True)
    mobile_verified = models.BooleanField(default=False)
