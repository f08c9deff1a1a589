"""The few commands of the AWS CLI that docs/kms.md has, with their own arguments and what they print."""

import base64
import os
import sys

import boto3


def _options(words):
    """`--name value` pairs, by the name; one without a value has none."""
    options, name = {}, None
    for word in words:
        if word.startswith("--"):
            name = word[2:]
            options[name] = None
        else:
            options[name] = word
    return options


def _field(answer, path):
    for name in path.split("."):
        answer = answer[name]
    return base64.b64encode(answer).decode() if isinstance(answer, bytes) else answer


def _create_key(kms, options):
    if options.get("key-usage") == "KEY_AGREEMENT":
        # moto makes none: that of the test's own proxy stands for it.
        return {"KeyMetadata": {"Arn": os.environ["KEY_AGREEMENT_ARN"]}}
    return kms.create_key(Description=options.get("description", ""))


def main():
    service, operation, *words = sys.argv[1:]
    options = _options(words)
    kms = boto3.client(service, region_name=os.environ["AWS_REGION"])
    if operation == "create-key":
        answer = _create_key(kms, options)
    elif operation == "create-alias":
        answer = kms.create_alias(AliasName=options["alias-name"], TargetKeyId=options["target-key-id"])
    elif operation == "describe-key":
        answer = kms.describe_key(KeyId=options["key-id"])
    elif operation == "get-public-key":
        answer = kms.get_public_key(KeyId=options["key-id"])
    else:
        sys.exit(f"aws: {operation} is not among those that docs/kms.md has")
    if options.get("output") == "text" and "query" in options:
        print(_field(answer, options["query"]))


if __name__ == "__main__":
    main()
