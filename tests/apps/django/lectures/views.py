"""What such sites have: an upload, and the ways in which Django hands a file to the server before it."""
import json
from urllib.parse import quote

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django_sendfile import sendfile

from .models import Lecture


def of_owner(request, pk):
    lecture = get_object_or_404(Lecture, pk=pk)
    if lecture.owner != request.user:
        raise PermissionDenied
    return lecture


def saved(lecture, name, content):
    lecture.video.save(name, ContentFile(content), save=False)
    lecture.copy.save(name, ContentFile(content), save=False)
    lecture.save()
    return JsonResponse({"id": lecture.pk, "key": lecture.video.name})


@login_required
def upload(request):
    file = request.FILES["video"]
    return saved(Lecture(owner=request.user), file.name, file.read())


@login_required
def change(request, pk):
    """PUT puts another file in its place, DELETE deletes it."""
    lecture = of_owner(request, pk)
    if request.method == "PUT":
        return saved(lecture, lecture.video.name, request.body)
    if request.method == "DELETE":
        lecture.video.delete(save=False)
        lecture.copy.delete(save=False)
        lecture.delete()
        return HttpResponse(status=204)
    return JsonResponse({"id": lecture.pk, "key": lecture.video.name})


@login_required
def to_bucket(request, pk):
    """django-storages: a redirect to the signed URL."""
    return redirect(of_owner(request, pk).video.url)


@login_required
def by_accel(request, pk):
    """The most usual view of all: an HttpResponse, which is text/html, with the field."""
    response = HttpResponse()
    response["X-Accel-Redirect"] = "/media/" + quote(of_owner(request, pk).video.name)
    return response


@login_required
def by_sendfile(request, pk):
    """django-sendfile2."""
    return sendfile(request, of_owner(request, pk).copy.path)


@login_required
def by_python(request, pk):
    """What sites do that have no server before them: the bytes go through Python."""
    return FileResponse(of_owner(request, pk).video.open())


@login_required
def cut(request, pk):
    """Two segments of HLS out of the video, as a converter would put them into the bucket."""
    lecture = of_owner(request, pk)
    with lecture.video.open() as file:
        whole = file.read()
    half = len(whole) // 2
    for number, part in enumerate([whole[:half], whole[half:]]):
        default_storage.save(f"hls/{pk}/{number}.ts", ContentFile(part))
    return HttpResponse(status=204)


@login_required
def playlist(request, pk):
    of_owner(request, pk)
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n0.ts\n#EXTINF:10,\n1.ts\n#EXT-X-ENDLIST\n"
    return HttpResponse(text, content_type="application/vnd.apple.mpegurl")


@login_required
def may_watch(request, pk):
    of_owner(request, pk)
    return HttpResponse(json.dumps({"may": True}), content_type="application/json")


@login_required
def segment(request, pk, name):
    """What the site does without a proxy: the segment's bytes, through Python."""
    of_owner(request, pk)
    with default_storage.open(f"hls/{pk}/{name}") as file:
        return HttpResponse(file.read(), content_type="video/mp2t")
