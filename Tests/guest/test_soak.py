# SPDX-License-Identifier: Apache-2.0
"""A short soak; `make soak` is the long one."""

import sys

import pytest

from subjects import PROJECT

sys.path.insert(0, str(PROJECT / "Tests/soak"))

from soak import PARAMETERS, soak

SECONDS = 10
SEED = 1


@pytest.mark.module(**PARAMETERS)
def test_nothing_is_left_of_many_processes_that_lived_and_died_under_watches(module):
    print(soak(module, SECONDS, SEED))
