# SPDX-License-Identifier: Apache-2.0
"""What not all kernels can do."""

import pytest

import kmemleak

_IS_DEBUG_KERNEL = kmemleak.FILE.exists()
NEEDS_32_BIT = pytest.mark.skipif(_IS_DEBUG_KERNEL, reason="the debug kernel runs no programs of 32 bits")
NEEDS_FUSE = pytest.mark.skipif(_IS_DEBUG_KERNEL, reason="the debug kernel has no FUSE")
