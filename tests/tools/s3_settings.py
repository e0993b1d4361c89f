#!/usr/bin/env python3
"""Writes tests/vectors/s3_settings.json: what boto3 does with the settings of an S3 store. Needs boto3, of the version that
the app names (Open WebUI 0.12.4: 1.42.62):

    python3 -m venv build/boto && build/boto/bin/pip install boto3==1.42.62
    build/boto/bin/python tests/tools/s3_settings.py tests/vectors/s3_settings.json
"""
import datetime
import itertools
import json
import os
import sys
from urllib.parse import parse_qs, urlsplit

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

import boto3  # noqa: E402
import botocore.auth  # noqa: E402
from botocore.config import Config  # noqa: E402

AT = datetime.datetime(2026, 1, 15, 12, 34, 56)
botocore.auth.get_current_datetime = lambda remove_tzinfo=True: AT


def client(endpoint, style, region, **more):
    # The regional endpoint of us-east-1, which is the same service as the older global one.
    s3 = {"use_accelerate_endpoint": False, "addressing_style": style, "us_east_1_regional_endpoint": "regional"}
    config = Config(s3=s3, request_checksum_calculation="when_required",
                    response_checksum_validation="when_required", **more)
    return boto3.client("s3", region_name=region, endpoint_url=endpoint, config=config,
                        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
                        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def sent(endpoint, bucket, style, region, key):
    """The URL that a GET of the object goes to, and the region that it is signed for; or None and why not."""
    try:
        c = client(endpoint, style, region)
        seen = []

        def stop(request, **_):
            seen.append(request)
            raise InterruptedError

        c.meta.events.register("before-send.s3.GetObject", stop)
        try:
            c.get_object(Bucket=bucket, Key=key)
        except InterruptedError:
            pass
        said = seen[0].headers["Authorization"]
        said = said.decode() if isinstance(said, bytes) else said
        return seen[0].url, said.split("Credential=")[1].split("/")[2]
    except Exception as e:  # whatever it is: the client refuses
        return None, type(e).__name__


def row(endpoint, bucket, style, region, key="k"):
    url, said = sent(endpoint, bucket, style, region, key)
    out = {"endpoint": endpoint, "bucket": bucket, "style": style, "region": region, "key": key}
    out |= {"url": url, "signed_for": said} if url else {"refused": said}
    return {name: value for name, value in out.items() if value is not None}


def presigned(endpoint, bucket, style, key):
    c = client(endpoint, style, "eu-central-1", signature_version="s3v4")
    url = c.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=3600)
    where, _ = sent(endpoint, bucket, style, "eu-central-1", key)
    assert urlsplit(url)._replace(query="").geturl() == where
    assert parse_qs(urlsplit(url).query)["X-Amz-Date"] == ["20260115T123456Z"]
    out = {"endpoint": endpoint, "bucket": bucket, "style": style, "region": "eu-central-1", "key": key, "url": url}
    return {name: value for name, value in out.items() if value is not None}


SUPABASE = "https://project.supabase.example/storage/v1/s3"
TABLE = itertools.product(
    [None, "https://s3.example.com", "http://minio.internal:9000", "http://127.0.0.1:9000", SUPABASE],
    ["media", "my.media", "Media", "my_media"],
    [None, "auto", "path", "virtual"],
    [None, "us-east-1", "eu-central-1"])
ENDPOINTS = ["https://s3.example.com/", "https://h.example/a/", "http://[::1]:9000", "http://localhost:9000",
             "https://H.Example:8443", "https://192.168.0.1", "http://minio", "https://s3.eu-west-1.amazonaws.com",
             "minio:9000", "https://h.example?x=1"]
BUCKETS = ["ab", "abc", "media-", "a.-b", "a.b.c", "192.168.0.1", "x" * 63, "x" * 64, "my." + "x" * 60,
           "my." + "x" * 61, "a/b", "b_", "xn--b", "9"]
REGIONS = ["eu west", "garage", "auto", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1",
           "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1"]
KEYS = ["/up/k", "a//b", "dir/", "//", "/", "é b+~*()!'#?%2F&=:@$,;\\", "a%00b/%", "plain.mp4"]
SIGNED = [(None, "media", "virtual"), (None, "my.media", "virtual"), (SUPABASE, "media", "path"),
          (SUPABASE, "media", "virtual"), ("http://minio.internal:9000", "my.media", "virtual")]


def main(path):
    more = [row(e, "media", s, "eu-central-1") for e in ENDPOINTS for s in ("auto", "virtual")]
    more += [row(e, b, s, "eu-central-1") for b in BUCKETS
             for e, s in ((None, "auto"), ("http://h.example", "virtual"), ("https://h.example", "virtual"))]
    more += [row(e, "media", "auto", r) for r in REGIONS for e in (None, "http://h.example")]
    rows = {"table": [row(*each) for each in TABLE], "more": more,
            "signed": [presigned(*where, key) for where in SIGNED for key in KEYS]}
    head = {
        "format": "s3-settings/1",
        "schema": {
            "endpoint, style, region": "of the client; absent: None",
            "url": "where it sends a GET of `key` (us-east-1: the regional endpoint)",
            "signed_for": "the region in the Authorization field's scope",
            "refused": "the exception, where the client refuses",
            "signed": "presigned URLs (3600 s, at 2026-01-15T12:34:56Z, keys of the AWS documentation)"},
        "provenance": {"generated_with": [f"tests/tools/s3_settings.py, boto3 {boto3.__version__}",
                                          f"botocore {botocore.__version__}"],
                       "licence": "generated data, no restriction; boto3 Apache-2.0"}}
    parts = [json.dumps(head, indent=1, ensure_ascii=False)[:-2]]
    for name, items in rows.items():
        lines = ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in items)
        parts.append(f' "{name}": [\n  {lines}\n ]')
    with open(path, "w", encoding="utf-8") as out:
        out.write(",\n".join(parts) + "\n}\n")


main(sys.argv[1])
