"""Whoever may let a number in has a permission of its own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("uzotp", "0006_own_rows")]

    operations = [
        migrations.AlterModelOptions(
            name="phone",
            options={
                "permissions": [("unlock_phone", "Can let a number in")],
                "verbose_name": "phone counter",
                "verbose_name_plural": "phone counters",
            },
        )
    ]
