"""The page of figures, as the admin's list of models knows it; no table."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("uzotp", "0003_past")]

    operations = [
        migrations.CreateModel(
            name="Insight",
            fields=[],
            options={
                "verbose_name": "SMS insight",
                "verbose_name_plural": "SMS insight",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("uzotp.delivery",),
        )
    ]
