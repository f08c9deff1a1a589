"""How a KMS answers, well or not: each mood takes a request and the proxy, and returns a reply or raises `HangUp`."""

import json
import threading
import time
from typing import NamedTuple

MOST_SECONDS = 5


class Reply(NamedTuple):
    status: int
    body: bytes


class HangUp(Exception):
    """The connection ends after this part of the reply, 0 to 1."""

    def __init__(self, reply=Reply(200, b""), part=0):
        super().__init__("the connection is closed")
        self.reply, self.part = reply, part


def error(kind, message="", status=400):
    body = {"__type": kind, "message": message} if message else {"__type": kind}
    return Reply(status, json.dumps(body).encode())


def well(request, proxy):
    return proxy.forward(request)


# Slowly, or not at all.


def slow(seconds):
    def mood(request, proxy):
        proxy.ended.wait(seconds)
        return proxy.forward(request)

    return mood


def silent(_request, proxy):
    proxy.ended.wait()
    raise HangUp


def broken(_request, _proxy):
    raise HangUp


def half(request, proxy):
    raise HangUp(proxy.forward(request), 0.5)


def gathering(count):
    """Answers nobody before so many requests wait at once: whoever asks one after the other would wait forever, and is
    let go after a while."""
    is_open = threading.Event()
    is_given_up = threading.Event()

    def mood(request, proxy):
        deadline = time.monotonic() + MOST_SECONDS
        while not is_open.is_set() and not is_given_up.is_set():
            if proxy.in_flight >= count:
                is_open.set()
            if time.monotonic() > deadline:
                is_given_up.set()
            is_open.wait(0.01)
        return proxy.forward(request)

    return mood


# Wrongly.


def refusing(kind, message="", status=400):
    return lambda _request, _proxy: error(kind, message, status)


def denying(request, _proxy):
    """As AWS words it."""
    action = f"kms:{request.operation}"
    text = f"User: arn:aws:iam::123456789012:user/harness is not authorized to perform: {action} because no "
    text += f"identity-based policy allows the {action} action"
    return error("AccessDeniedException", text)


def throttling(_request, _proxy):
    return error("ThrottlingException", "Rate exceeded")


def too_many_requests(_request, _proxy):
    return Reply(429, b"")


def failing(_request, _proxy):
    return error("KMSInternalException", "Internal failure", 500)


def saying(body, status=200):
    return lambda _request, _proxy: Reply(status, body)


def lying(**fields):
    """Answers well but for these fields; one that is `None` is left out."""

    def mood(request, proxy):
        reply = proxy.forward(request)
        told = {**json.loads(reply.body), **fields}
        told = {name: value for name, value in told.items() if value is not None}
        return Reply(reply.status, json.dumps(told).encode())

    return mood


# Sometimes.


def at_first(count, mood, then=well):
    """`mood` for so many requests, and from then on the other."""
    lock, left = threading.Lock(), count

    def both(request, proxy):
        nonlocal left
        with lock:
            is_first, left = left > 0, left - 1
        return (mood if is_first else then)(request, proxy)

    return both


def for_blobs(count, mood):
    """`mood` for the first so many blobs that are sent, however often, and no connection for the others."""
    lock, blobs = threading.Lock(), set()

    def both(request, proxy):
        with lock:
            blob = request.body.get("CiphertextBlob")
            if len(blobs) < count:
                blobs.add(blob)
            is_one = blob in blobs
        return (mood if is_one else broken)(request, proxy)

    return both


def where(is_meant, mood, otherwise=well):
    return lambda request, proxy: (mood if is_meant(request) else otherwise)(request, proxy)


def in_region(region, mood):
    return where(lambda request: request.region == region, mood)


def on(operation, mood):
    return where(lambda request: request.operation == operation, mood)
