// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>
#include <linux/mm.h>

#include "mappings_lock.h"

/* Tries for one lock, about 100 µs apart. */
#define TRIES 10
/* Tries past the first in one dump, so that many stuck processes do not cost more than a few. */
#define PATIENCE 200

static unsigned int patience;	/* dumps run one at a time */

void mappings_lock_begin_dump(void)
{
	patience = PATIENCE;
}

bool mappings_lock(struct mm_struct *mm)
{
	unsigned int tries;

	for (tries = 1; !mmap_read_trylock(mm); tries++) {
		if (tries == TRIES || !patience)
			return false;
		patience--;
		usleep_range(50, 150);
	}
	return true;
}

void mappings_unlock(struct mm_struct *mm)
{
	mmap_read_unlock(mm);
}
