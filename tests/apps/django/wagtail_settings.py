"""Wagtail as `wagtail start` makes it, less what the tests do not ask for; its documents lie in the bucket."""
from settings import *  # noqa: F403

ROOT_URLCONF = "wagtail_urls"
INSTALLED_APPS = [
    "wagtail.contrib.redirects", "wagtail.embeds", "wagtail.sites", "wagtail.users", "wagtail.snippets", "wagtail.documents",
    "wagtail.images", "wagtail.search", "wagtail.admin", "wagtail", "modelcluster", "taggit", "django_filters",
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles",
]
MIDDLEWARE = MIDDLEWARE + ["django.contrib.messages.middleware.MessageMiddleware"]  # noqa: F405
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
MIGRATION_MODULES = {app.split(".")[-1]: None for app in INSTALLED_APPS} | {
    "wagtailcore": None, "wagtailredirects": None, "wagtailembeds": None, "wagtailsites": None, "wagtailusers": None,
    "wagtailsnippets": None, "wagtaildocs": None, "wagtailimages": None, "wagtailsearch": None, "wagtailadmin": None,
}
STATIC_URL = "/static/"
WAGTAIL_SITE_NAME = "Tests"
WAGTAILADMIN_BASE_URL = "http://127.0.0.1"
