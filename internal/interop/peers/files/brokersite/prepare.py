"""Make the database, and let anonymous users create topics."""
import django

django.setup()

from django.contrib.auth.models import Permission  # noqa: E402
from django.core.management import call_command  # noqa: E402
from guardian.shortcuts import get_anonymous_user  # noqa: E402

call_command("migrate", interactive=False, verbosity=0)
get_anonymous_user().user_permissions.add(
    Permission.objects.get(
        content_type__app_label="dasf_broker", codename="add_brokertopic"
    )
)
