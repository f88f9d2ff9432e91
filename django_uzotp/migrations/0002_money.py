"""Money, the guard and the switches: what all phones share."""

from django.db import migrations, models

import django_uzotp.models


class Migration(migrations.Migration):
    dependencies = [("uzotp", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Budget",
            fields=[
                (
                    "day",
                    django_uzotp.models.KeyField(max_length=10, primary_key=True, serialize=False, verbose_name="day"),
                ),
                ("used", models.BigIntegerField(verbose_name="reserved and spent, so'm")),
                ("expires_at", models.BigIntegerField(verbose_name="kept until (ms)")),
            ],
            options={"verbose_name": "day's money", "verbose_name_plural": "days' money", "db_table": "uzotp_budget"},
        ),
        migrations.CreateModel(
            name="Switch",
            fields=[
                ("id", django_uzotp.models.HashField(primary_key=True, serialize=False, verbose_name="id")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("note", models.CharField(max_length=200, verbose_name="note")),
                ("since", models.BigIntegerField(verbose_name="since (ms)")),
            ],
            options={"verbose_name": "switch", "verbose_name_plural": "switches", "db_table": "uzotp_switch"},
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "area",
                    django_uzotp.models.KeyField(
                        max_length=16, primary_key=True, serialize=False, verbose_name="country or prefix"
                    ),
                ),
                ("minutes", models.TextField(verbose_name="of the hour")),
                ("spans", models.TextField(verbose_name="of the day")),
                ("expires_at", models.BigIntegerField(verbose_name="kept until (ms)")),
            ],
            options={"verbose_name": "guard tally", "verbose_name_plural": "guard tallies", "db_table": "uzotp_tally"},
        ),
    ]
