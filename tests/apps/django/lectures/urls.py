from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from . import views

urlpatterns = [
    path("accounts/login/", LoginView.as_view()),
    path("accounts/logout/", LogoutView.as_view()),
    path("lectures/", views.upload),
    path("lectures/<int:pk>", views.change),
    path("lectures/<int:pk>/video", views.to_bucket),
    path("lectures/<int:pk>/accel", views.by_accel),
    path("lectures/<int:pk>/file", views.by_sendfile),
    path("lectures/<int:pk>/python", views.by_python),
    path("lectures/<int:pk>/cut", views.cut),
    path("hls/<int:pk>/index.m3u8", views.playlist),
    path("hls/<int:pk>/may", views.may_watch),
    path("hls/<int:pk>/<str:name>", views.segment),
]
