"""What was booked for a message, whole so'm: shown where its gateway tells no price."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("uzotp", "0004_insight")]

    operations = [
        migrations.AddField(
            model_name="delivery", name="booked", field=models.IntegerField(null=True, verbose_name="booked, so'm")
        )
    ]
