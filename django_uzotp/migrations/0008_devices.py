"""Devices that have proved a number count apart from all others, and one network of those has half at most."""

from django.db import migrations, models

from django_uzotp.models import KeyField


def _moment(name: str) -> migrations.AddField:
    return migrations.AddField("phone", name, models.BigIntegerField(null=True, verbose_name=name))


class Migration(migrations.Migration):
    dependencies = [("uzotp", "0007_unlock")]

    operations = [
        # The phone's table first, as a check locks them: one that is under way makes no deadlock of it.
        _moment("known_resend_at"),
        _moment("vouched_resend_at"),
        _moment("revoked_at"),
        migrations.AddField("challenge", "mark", KeyField(max_length=3, null=True, verbose_name="mark")),
    ]
