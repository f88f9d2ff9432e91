"""A lock refuses no check any more, so a device remembers none."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("uzotp_otp", "0001_initial")]

    operations = [migrations.RemoveField(model_name="uzotpdevice", name="locked_until")]
