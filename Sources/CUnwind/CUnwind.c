/* SPDX-License-Identifier: Apache-2.0 */
#include "CUnwind.h"

/*
 * libunwind's static library for remote targets refers to this function of the one for
 * the process itself, which clashes with the C++ run-time library. Only resuming in an
 * unwound frame calls it, which nobody does here.
 */
__attribute__((weak, visibility("hidden"))) int _Ux86_64_setcontext(const void *context)
{
	(void)context;
	__builtin_trap();
}
