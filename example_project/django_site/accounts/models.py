"""A customer, who logs in with a phone number."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone

from uzotp import InvalidPhone, Phone


class UserManager(BaseUserManager):
    def create_user(self, phone: str, password: str | None = None, **fields: Any) -> User:
        """:raises InvalidPhone: for what is no mobile number. :raises IntegrityError: when it has an account."""
        user = self.model(phone=Phone.parse(phone), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, phone: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(phone, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """What Django's password login asks: any notation of the number finds its account."""
        try:
            return self.get(phone=Phone.parse(username))
        except InvalidPhone:
            raise self.model.DoesNotExist from None


class User(AbstractBaseUser, PermissionsMixin):
    #: E.164, always: ``+998901234567``. Everything that writes it goes through ``Phone.parse``, so that one number
    #: cannot have two accounts under two notations.
    phone = models.CharField("phone", max_length=16, unique=True)
    name = models.CharField("name", max_length=60)
    is_active = models.BooleanField("active", default=True)
    is_staff = models.BooleanField("staff", default=False)
    date_joined = models.DateTimeField("joined", default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "phone"
    REQUIRED_FIELDS = ("name",)

    def __str__(self) -> str:
        """Masked: this is what logs and tracebacks show of a user."""
        try:
            return Phone.parse(self.phone).masked
        except InvalidPhone:
            return f"user {self.pk}"
