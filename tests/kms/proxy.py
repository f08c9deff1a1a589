"""An HTTP server before moto, in the mood that a test sets. When well, it answers as AWS KMS does where moto does not.
It counts the calls, and knows each data key that it saw.
"""

import base64
import collections
import http.client
import json
import re
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

import moods
from agreement import Refused
from moods import HangUp, Reply, error

MOST_SECONDS = 30
TARGET = "TrentService."
CONTEXTS = ("EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext")
INCORRECT_KEY = error(
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
)
SECRETS = ("Plaintext", "SharedSecret")


class Request(NamedTuple):
    operation: str
    region: str
    access_key: str
    body: dict
    headers: dict


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers["Content-Length"]))
        scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/kms/", self.headers.get("Authorization", ""))
        operation = self.headers["X-Amz-Target"].removeprefix(TARGET)
        access_key, region = scope.groups() if scope else (None, None)
        request = Request(operation, region, access_key, json.loads(body), dict(self.headers))
        part = 1
        try:
            with proxy.counted(request):
                reply = proxy.mood(request, proxy)
        except HangUp as end:
            reply, part = end.reply, end.part
        proxy.remember(reply.body)
        head = f"HTTP/1.1 {reply.status} Reply\r\nContent-Type: application/x-amz-json-1.1\r\n"
        whole = f"{head}Content-Length: {len(reply.body)}\r\n\r\n".encode() + reply.body
        try:
            self.wfile.write(whole[: int(len(whole) * part)])
        except OSError:  # whoever asked has gone
            part = 0
        if part < 1:
            self.close_connection = True

    def do_GET(self):
        """What a container's agent answers that gives credentials."""
        times = {"Expiration": "2100-01-01T00:00:00Z"}
        keys = {"AccessKeyId": "AKIDCONTAINER", "SecretAccessKey": "containers", "Token": "containers"}
        body = json.dumps(keys | times).encode()
        head = f"HTTP/1.1 200 Reply\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Many connections at once: with the usual 5, some would wait for a second.
    request_queue_size = 128

    def handle_error(self, *_):
        """Whoever was killed has closed the connection."""


class Proxy:
    """A KMS for one test, from `with` to its end."""

    def __init__(self, moto_endpoint, agreement_keys=()):
        self._moto = urlsplit(moto_endpoint).netloc
        self._agreement_keys = {key.arn: key for key in agreement_keys}
        self._lock = threading.Lock()
        self.ended = threading.Event()
        self.mood = moods.well
        self.requests = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.secrets = set()

    def __enter__(self):
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.proxy = self
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def calls(self):
        """How often each operation was asked for."""
        with self._lock:
            return dict(collections.Counter(request.operation for request in self.requests))

    def forget(self):
        """Counts from zero again."""
        with self._lock:
            self.requests, self.most_in_flight = [], 0

    def waits_for_a_request(self, child, beyond=0):
        """Returns when a request of a process, beyond so many, waits for its answer."""
        deadline = time.monotonic() + MOST_SECONDS
        while not (self.in_flight and len(self.requests) > beyond):
            assert child.poll() is None, "it ended without a request"
            assert time.monotonic() < deadline, "it asks nothing"
            time.sleep(0.01)

    @contextmanager
    def counted(self, request):
        with self._lock:
            self.requests.append(request)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            if "Plaintext" in request.body:
                self.secrets.add(base64.b64decode(request.body["Plaintext"]))
        try:
            yield
        finally:
            with self._lock:
                self.in_flight -= 1

    def remember(self, body):
        try:
            told = json.loads(body)
            found = {base64.b64decode(told[name]) for name in SECRETS if name in told}
        except (TypeError, ValueError):
            return
        with self._lock:
            # What a lie has in its place may be empty, or short enough to be found anywhere.
            self.secrets |= {secret for secret in found if len(secret) >= 16}

    # As AWS KMS.

    def forward(self, request):
        key = self._agreement_keys.get(request.body.get("KeyId"))
        if key:
            try:
                return Reply(200, json.dumps(key.answer(request.operation, request.body)).encode())
            except Refused as refused:
                return error(*refused.args)
        reply = self._ask_moto(request.operation, self._framed(request.body), request.headers)
        told = json.loads(reply.body or b"null") or {}
        if reply.status != 200:
            return INCORRECT_KEY if told.get("__type") == "AccessDeniedException" else reply
        if request.body.get("SourceKeyId", told.get("SourceKeyId")) != told.get("SourceKeyId"):
            return INCORRECT_KEY
        for arn in {told.get("KeyId"), told.get("SourceKeyId")} - {None}:
            refusal = self._state_refusal(request, arn)
            if refusal:
                return refusal
        return Reply(200, json.dumps(told | self._unsaid(request.operation)).encode())

    def _ask_moto(self, operation, body, headers):
        moto = http.client.HTTPConnection(self._moto, timeout=60)
        left_out = ("host", "connection", "content-length", "x-amz-target", "accept-encoding")
        headers = {name: value for name, value in headers.items() if name.lower() not in left_out}
        try:
            moto.request("POST", "/", json.dumps(body), {**headers, "X-Amz-Target": TARGET + operation})
            answer = moto.getresponse()
            return Reply(answer.status, answer.read())
        finally:
            moto.close()

    @staticmethod
    def _framed(body):
        """moto joins the context to one text without lengths, so that different contexts are the same to it."""
        text = lambda context: {"context": json.dumps(context, sort_keys=True)}
        return {name: text(value) if name in CONTEXTS and value else value for name, value in body.items()}

    def _state_refusal(self, request, arn):
        """moto works with keys that are disabled or pending deletion."""
        if ":kms:" not in arn or request.operation == "DescribeKey":
            return None
        described = json.loads(self._ask_moto("DescribeKey", {"KeyId": arn}, request.headers).body)
        state = described.get("KeyMetadata", {}).get("KeyState")
        if state == "Disabled":
            return error("DisabledException", f"{arn} is disabled.")
        if state == "PendingDeletion":
            return error("KMSInvalidStateException", f"{arn} is pending deletion.")
        return None

    @staticmethod
    def _unsaid(operation):
        """Fields that moto leaves out."""
        algorithm, material = "SYMMETRIC_DEFAULT", {"KeyMaterialId": "9a" * 32}
        return {
            "GenerateDataKey": material,
            "GenerateDataKeyWithoutPlaintext": material,
            "Encrypt": {"EncryptionAlgorithm": algorithm},
            "Decrypt": {"EncryptionAlgorithm": algorithm, **material},
            "ReEncrypt": {
                "SourceEncryptionAlgorithm": algorithm,
                "DestinationEncryptionAlgorithm": algorithm,
                "SourceKeyMaterialId": "9a" * 32,
                "DestinationKeyMaterialId": "9a" * 32,
            },
        }.get(operation, {})


@contextmanager
def nobody(is_listening=False):
    """An endpoint that refuses connections, because its port is taken and nobody listens; or that takes them, and never
    answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if is_listening:
            taken.listen()
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
