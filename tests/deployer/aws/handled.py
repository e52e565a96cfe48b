"""A small function for tests, whose variables say how it behaves; standard library alone.

BEHAVIOUR: well · exits · never · late:SECONDS · fails:SECONDS · dies:SECONDS ·
raises · slow:SECONDS · flaps · deaf (answers no HTTP)

Whoever asks for /sour makes it unwell from then on.
"""

import hashlib
import json
import os
import sys
import time
import urllib.request

KIND, _, VALUE = os.environ.get("BEHAVIOUR", "well").partition(":")
SECONDS = float(VALUE or 0)
FIRST = os.path.join(os.environ.get("HOME_OF_VERSION", "/tmp"), f"first-{os.environ.get('VERSION')}")

if KIND == "exits":
    print("no database", flush=True)
    sys.exit(1)


def age():
    """Return how long ago it was asked first: each call may be a process of its own."""
    if not os.path.exists(FIRST):
        with open(FIRST, "w"):
            pass
    return time.time() - os.stat(FIRST).st_mtime


def is_odd():
    """Return whether it is asked for the first, third, fifth time."""
    with open(f"{FIRST}-count", "a+") as stream:
        stream.write("x")
        return stream.tell() % 2 == 1


def secret():
    """Return a digest of the secret's value, got from where its reference says."""
    if "SECRET_ARN" not in os.environ:
        return ""
    asked = {"SecretId": os.environ["SECRET_ARN"], "VersionId": os.environ["SECRET_VERSION"]}
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"],
        data=json.dumps(asked).encode(),
        headers={
            "X-Amz-Target": "secretsmanager.GetSecretValue",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/secretsmanager/aws4_request",
        },
    )
    value = json.load(urllib.request.urlopen(request, timeout=20))["SecretString"]
    return hashlib.sha256(value.encode()).hexdigest()[:12]


def handler(event, context):
    if KIND == "raises":
        raise ValueError("no database")
    if KIND == "slow":
        time.sleep(SECONDS)
    if KIND == "deaf":
        return "hello"
    if KIND == "dies" and age() > SECONDS:
        print("its memory is gone", flush=True)
        os._exit(3)
    if KIND == "flaps" and event.get("rawPath") == "/health":
        return {"statusCode": 503 if is_odd() else 200}
    if event.get("rawPath") == "/sour":
        open(f"{FIRST}-sour", "w").close()
    kinds = {"never": False, "late": age() > SECONDS, "fails": age() < SECONDS}
    good = kinds.get(KIND, True) and not os.path.exists(f"{FIRST}-sour")
    body = {
        "version": os.environ.get("VERSION", ""),
        "color": os.environ.get("COLOR", ""),
        "secret": secret(),
    }
    return {"statusCode": 200 if good else 503, "body": json.dumps(body)}
