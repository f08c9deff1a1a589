"""What docs/kms.md says to type."""

from documented import MOVE, WAY_BACK, commands, counted, documented
from move import move


def its_session_runs_as_written(place):
    documented(place)


def its_move_goes_there_and_back(place):
    move(place, commands(MOVE), commands(WAY_BACK))


def its_table_of_calls_is_that_of_runs(place):
    counted(place)
