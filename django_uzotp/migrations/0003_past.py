"""What tells of the past: when a message's code was accepted, and counts by the day."""

from django.db import migrations, models

import django_uzotp.models


class Migration(migrations.Migration):
    dependencies = [("uzotp", "0002_money")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="verified_at",
            field=models.BigIntegerField(null=True, verbose_name="verified (ms)"),
        ),
        migrations.CreateModel(
            name="Count",
            fields=[
                ("id", django_uzotp.models.HashField(primary_key=True, serialize=False, verbose_name="id")),
                ("day", django_uzotp.models.KeyField(max_length=10, verbose_name="day")),
                ("name", models.CharField(max_length=64, verbose_name="name")),
                ("total", models.BigIntegerField(verbose_name="total")),
                ("expires_at", models.BigIntegerField(verbose_name="kept until (ms)")),
            ],
            options={"verbose_name": "count", "verbose_name_plural": "counts", "db_table": "uzotp_count"},
        ),
    ]
