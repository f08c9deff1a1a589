"""The stand-in for AWS KMS: moto's server on loopback, and keys in it.

What it does not answer as AWS KMS would, the proxy before it answers (`proxy.py`).
"""

import socket
import subprocess
import sys
import time
import urllib.request

import boto3
from botocore.config import Config

ACCOUNT = "123456789012"
REGION, OTHER_REGION = "us-east-1", "eu-central-1"
# Nothing checks them here. No output of enwrap may have them.
CREDENTIALS = {
    "aws_access_key_id": "AKIDKMSHARNESS",
    "aws_secret_access_key": "secretAccessKeyOfTheHarness",
    "aws_session_token": "sessionTokenOfTheHarness",
}
MOST_SECONDS = 60
# Two repairs: the ids of multi-Region keys are as AWS has them (moto's are longer than the room that its blobs have for
# them), and ReplicateKey takes ARNs. It ends with whoever started it, however that ends: its input ends then.
LAUNCHER = """
import os, sys, threading, uuid
from moto.kms import models
from moto.server import main
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
models.generate_key_id = lambda is_multi=False: f"mrk-{uuid.uuid4().hex}" if is_multi else str(uuid.uuid4())
replicate = models.KmsBackend.replicate_key
models.KmsBackend.replicate_key = lambda self, arn, region: replicate(self, arn.rpartition("/")[2], region)
main()
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def client(endpoint, region=REGION):
    """Of the AWS SDK for Python, which reads no configuration of the caller's."""
    session = boto3.session.Session(region_name=region, **CREDENTIALS)
    settings = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
    return session.client("kms", endpoint_url=endpoint, config=settings)


class Moto:
    """A server, from `with` to its end."""

    def __enter__(self):
        # Another process may take a free port before the server does, which ends then.
        for _ in range(5):
            if self._start():
                return self
        raise RuntimeError("moto_server does not start")

    def _start(self):
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-c", LAUNCHER, "-H", "127.0.0.1", "-p", str(port)]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.server = subprocess.Popen(command, cwd="/", **streams)
        deadline = time.monotonic() + MOST_SECONDS
        while self.server.poll() is None:
            try:
                urllib.request.urlopen(f"{self.endpoint}/moto-api/", timeout=5).close()
                return True
            except OSError:
                if time.monotonic() > deadline:
                    self._end()
                    raise
                time.sleep(0.05)
        return False

    def _end(self):
        self.server.stdin.close()
        try:
            self.server.wait(10)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def __exit__(self, *_):
        self._end()

    def key(self, region=REGION, alias=None, **options):
        """Makes a symmetric key, and returns its ARN."""
        kms = client(self.endpoint, region)
        made = kms.create_key(**options)["KeyMetadata"]
        if alias:
            kms.create_alias(AliasName=f"alias/{alias}", TargetKeyId=made["KeyId"])
        return made["Arn"]

    def multi_region_key(self, region=REGION, replica=OTHER_REGION):
        """Makes a multi-Region key in two regions, and returns both ARNs."""
        arn = self.key(region, MultiRegion=True)
        client(self.endpoint, region).replicate_key(KeyId=arn, ReplicaRegion=replica)
        return arn, arn.replace(f":{region}:", f":{replica}:")

    def switch(self, arn, change):
        """`disable_key`, `enable_key` or `schedule_key_deletion`."""
        kms = client(self.endpoint, arn.split(":")[3])
        # moto takes no ARN here.
        getattr(kms, change)(KeyId=arn.rpartition("/")[2])
