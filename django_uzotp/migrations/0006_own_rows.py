"""Proofs are kept with the challenges that they are of, so that a success is one row of its phone's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("uzotp", "0005_booked")]

    operations = [
        migrations.AddField(
            model_name="challenge", name="proofs", field=models.TextField(null=True, verbose_name="proofs")
        ),
        migrations.DeleteModel(name="Proof"),
    ]
