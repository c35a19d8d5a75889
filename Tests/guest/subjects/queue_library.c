// SPDX-License-Identifier: Apache-2.0
/* A static variable in a shared library. */
static volatile int library_depth = 5;

void set_library_depth(int value)
{
	library_depth = value;
}
