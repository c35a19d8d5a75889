// SPDX-License-Identifier: Apache-2.0
#include "monitor_user.h"
#include "other_file.h"

int start_in_other_file(void)
{
	static long elsewhere;

	return START_WATCH_LONG("elsewhere", &elsewhere, 1);
}
