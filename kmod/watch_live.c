// SPDX-License-Identifier: GPL-2.0-only
/* What a session can do with its watches while they run. */
#include <linux/string.h>

#include "request.h"
#include "timer_group.h"
#include "watch.h"

int watch_change(struct list_head *session, const struct vmon_change *change)
{
	struct watch *watch;
	int error = -ENOENT;

	mutex_lock(&watches_lock);
	watch = watch_find(session, change->id);
	if (watch) {
		struct vmon_watch_condition request = {
			.watch = {
				.threshold = change->threshold,
				.length = watch->length,
				.comparison = watch->comparison,
				.flags = watch->flags,
			},
			.high = change->high,
			.rearm = change->rearm,
			.ticks = watch->ticks,
		};

		error = condition_is_valid(&request) ? 0 : -EINVAL;
		if (!error)
			timer_group_change(watch, &request);
	}
	mutex_unlock(&watches_lock);
	return error;
}

int watch_state(struct list_head *session, struct vmon_watch_state *state)
{
	struct watch *watch;

	mutex_lock(&watches_lock);
	watch = watch_find(session, state->id);
	if (watch)
		timer_group_state(watch, state);
	mutex_unlock(&watches_lock);
	return watch ? 0 : -ENOENT;
}

unsigned int watch_list(struct list_head *session, u64 *ids, unsigned int capacity)
{
	unsigned int count = 0;
	struct watch *watch;

	mutex_lock(&watches_lock);
	list_for_each_entry(watch, session, in_session) {
		if (count < capacity)
			ids[count] = watch->id;
		count++;
	}
	mutex_unlock(&watches_lock);
	return count;
}
