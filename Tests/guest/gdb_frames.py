# SPDX-License-Identifier: Apache-2.0
"""Runs inside gdb: prints the registers and frames of the selected thread."""

import gdb  # pylint: disable=import-error


def register(name):
    return hex(int(gdb.parse_and_eval(f"(unsigned long)${name}")))


frame = gdb.newest_frame()
print("oracle:", register("rsp"), register("rbp"), register("rip"))
while frame:
    if frame.type() == gdb.NORMAL_FRAME:
        print("oracle:", hex(frame.pc()), frame.name())
    frame = frame.older()
