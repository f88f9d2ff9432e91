"""A device for django-otp: the second factor is a code by SMS.

::

    INSTALLED_APPS = [..., "django_otp", "django_uzotp", "django_uzotp.otp"]
"""
