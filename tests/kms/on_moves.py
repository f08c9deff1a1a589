"""The two long cases that have a file of their own."""

from exchange import exchange
from move import move


def a_tree_moves_to_aws_kms_and_back(place):
    move(place)


def messages_are_exchanged_with_the_official_sdk(place):
    exchange(place)
