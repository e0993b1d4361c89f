"""Makes the site's database, with the users that the arguments name: prepare.py SETTINGS NAME:PASSWORD..."""
import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1]
django.setup()

from django.apps import apps  # noqa: E402  (there are models only from here on)
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
for number, user in enumerate(sys.argv[2:]):
    name, password = user.split(":")
    make = User.objects.create_superuser if number == 0 else User.objects.create_user
    make(name, f"{name}@example.com", password)

if apps.is_installed("wagtail.documents"):  # what its own migrations would make, which take half a minute
    from wagtail.models import Collection, CollectionViewRestriction, Locale

    Locale.objects.create(language_code="en")
    private = Collection.add_root(name="Root").add_child(name="Private")
    CollectionViewRestriction.objects.create(collection=private, restriction_type=CollectionViewRestriction.GROUPS)
