"""The first five tables. They must stay what uzotp.stores.sql.engine.make_metadata says."""

from django.db import migrations, models

import django_uzotp.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Client",
            fields=[
                (
                    "client",
                    django_uzotp.models.HashField(primary_key=True, serialize=False, verbose_name="fingerprint"),
                ),
                ("log", models.TextField(verbose_name="sends")),
                ("expires_at", models.BigIntegerField(verbose_name="kept until (ms)")),
            ],
            options={
                "verbose_name": "client counter",
                "verbose_name_plural": "client counters",
                "db_table": "uzotp_client",
            },
        ),
        migrations.CreateModel(
            name="Phone",
            fields=[
                (
                    "fingerprint",
                    django_uzotp.models.HashField(primary_key=True, serialize=False, verbose_name="fingerprint"),
                ),
                ("sends", models.TextField(verbose_name="sends")),
                ("failures", models.TextField(verbose_name="failures")),
                ("resend_at", models.BigIntegerField(verbose_name="no send before (ms)")),
                ("expires_at", models.BigIntegerField(verbose_name="kept until (ms)")),
            ],
            options={
                "verbose_name": "phone counter",
                "verbose_name_plural": "phone counters",
                "db_table": "uzotp_phone",
            },
        ),
        migrations.CreateModel(
            name="Proof",
            fields=[
                ("id", django_uzotp.models.HashField(primary_key=True, serialize=False, verbose_name="id")),
                ("fingerprint", django_uzotp.models.HashField(verbose_name="phone fingerprint")),
                ("expires_at", models.BigIntegerField(verbose_name="expires (ms)")),
            ],
            options={"verbose_name": "proof", "verbose_name_plural": "proofs", "db_table": "uzotp_proof"},
        ),
        migrations.CreateModel(
            name="Challenge",
            fields=[
                ("handle", django_uzotp.models.HashField(primary_key=True, serialize=False, verbose_name="handle")),
                ("fingerprint", django_uzotp.models.HashField(verbose_name="phone fingerprint")),
                (
                    "purpose",
                    models.SmallIntegerField(
                        choices=[(1, "operation"), (2, "password reset"), (3, "registration"), (4, "login")],
                        verbose_name="purpose",
                    ),
                ),
                ("prefix", models.CharField(max_length=16, verbose_name="number prefix")),
                ("nonce", django_uzotp.models.HashField(verbose_name="nonce")),
                ("digest", django_uzotp.models.HashField(verbose_name="digest")),
                ("key_id", models.CharField(max_length=6, verbose_name="key")),
                ("started_at", models.BigIntegerField(verbose_name="started (ms)")),
                ("expires_at", models.BigIntegerField(verbose_name="expires (ms)")),
                ("attempts", models.IntegerField(verbose_name="attempts")),
                ("sends", models.IntegerField(verbose_name="sends")),
                ("used", models.BooleanField(verbose_name="used")),
                ("delivery_id", django_uzotp.models.HashField(verbose_name="newest delivery")),
            ],
            options={
                "verbose_name": "challenge",
                "verbose_name_plural": "challenges",
                "db_table": "uzotp_challenge",
                "indexes": [models.Index(fields=["fingerprint"], name="uzotp_challenge_phone")],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", django_uzotp.models.HashField(primary_key=True, serialize=False, verbose_name="id")),
                ("fingerprint", django_uzotp.models.HashField(verbose_name="phone fingerprint")),
                ("handle", django_uzotp.models.HashField(verbose_name="challenge")),
                (
                    "purpose",
                    models.SmallIntegerField(
                        choices=[(1, "operation"), (2, "password reset"), (3, "registration"), (4, "login")],
                        verbose_name="purpose",
                    ),
                ),
                ("prefix", models.CharField(max_length=16, verbose_name="number prefix")),
                ("country", models.CharField(max_length=2, verbose_name="country")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("unknown", "unknown"),
                            ("sent", "sent"),
                            ("delivered", "delivered"),
                            ("failed", "failed"),
                        ],
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("gateway", models.CharField(max_length=32, verbose_name="gateway")),
                ("gateway_id", models.CharField(max_length=64, null=True, verbose_name="gateway's id")),
                ("cost", models.DecimalField(decimal_places=4, max_digits=12, null=True, verbose_name="cost")),
                ("currency", models.CharField(max_length=3, null=True, verbose_name="currency")),
                ("parts", models.SmallIntegerField(null=True, verbose_name="parts")),
                ("created_at", models.BigIntegerField(verbose_name="created (ms)")),
                ("updated_at", models.BigIntegerField(verbose_name="updated (ms)")),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "db_table": "uzotp_delivery",
                "indexes": [
                    models.Index(fields=["status", "created_at"], name="uzotp_delivery_unfinished"),
                    models.Index(fields=["fingerprint"], name="uzotp_delivery_phone"),
                    models.Index(fields=["created_at"], name="uzotp_delivery_created"),
                ],
            },
        ),
    ]
