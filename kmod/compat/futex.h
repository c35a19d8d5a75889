/* SPDX-License-Identifier: GPL-2.0-only */
/* FUTEX_LOCK_PI2 came in 5.14; no task waits in it before. */
#ifndef VMON_COMPAT_FUTEX_H
#define VMON_COMPAT_FUTEX_H

#include <uapi/linux/futex.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

#endif
