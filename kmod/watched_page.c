// SPDX-License-Identifier: GPL-2.0-only
#include <linux/highmem.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "pin.h"
#include "timer_group.h"
#include "watched_page.h"

/* A page is mapped for good at its place in the kernel's direct map. */
static_assert(!IS_ENABLED(CONFIG_HIGHMEM));

/* Resolutions that collide with changes of the mapping are tried so often in a row. */
#define RESOLVE_TRIES 16
#define RESOLVE_RETRY_MS 10

/*
 * Watches of an address space that is gone wait so long for the close of their
 * session, which mostly follows at once, before they end with a record.
 */
#define RELEASE_GRACE_MS 100

/* The watched pages of one address space. */
struct watched_space {
	refcount_t references;		/* pages, callers, and queued work */
	struct list_head in_spaces;
	struct mm_struct *mm;		/* kept by mmgrab() */
	/*
	 * Protects pages, and their users. Nobody waits for the process's memory under it: else
	 * who ends a watch of a process that is stuck would be stuck, too.
	 */
	struct mutex lock;
	struct xarray pages;		/* by page number */
	struct delayed_work resolve;
};

/* Protects the list and the fall of references to 0. Nothing is taken under it. */
static DEFINE_MUTEX(spaces_lock);
static LIST_HEAD(spaces);

/* Of its own: pages that are hard to have must not hold up dumps. */
static struct workqueue_struct *resolve_queue;

static void resolve_invalid(struct work_struct *work);

static struct watched_space *space_get(struct mm_struct *mm)
{
	struct watched_space *space, *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);

	mutex_lock(&spaces_lock);
	list_for_each_entry(space, &spaces, in_spaces) {
		if (space->mm == mm) {
			refcount_inc(&space->references);
			goto out;
		}
	}
	space = fresh;
	fresh = NULL;
	if (space) {
		refcount_set(&space->references, 1);
		mmgrab(mm);
		space->mm = mm;
		mutex_init(&space->lock);
		xa_init(&space->pages);
		INIT_DELAYED_WORK(&space->resolve, resolve_invalid);
		list_add(&space->in_spaces, &spaces);
	}
out:
	mutex_unlock(&spaces_lock);
	kfree(fresh);
	return space;
}

static void space_put(struct watched_space *space)
{
	if (!refcount_dec_and_mutex_lock(&space->references, &spaces_lock))
		return;
	list_del(&space->in_spaces);
	mutex_unlock(&spaces_lock);
	mmdrop(space->mm);
	kfree(space);
}

/* Queues the work with a reference of its own. Atomic context. */
static void space_queue_resolve(struct watched_space *space, unsigned int delay_ms)
{
	refcount_inc(&space->references);
	if (!queue_delayed_work(resolve_queue, &space->resolve, msecs_to_jiffies(delay_ms)))
		refcount_dec(&space->references);
}

/*
 * The kernel is about to change the mapping. Called with locks of the memory
 * management held, reclaim's too, so nothing here allocates or sleeps.
 */
static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range, unsigned long sequence)
{
	struct watched_page *page = container_of(notifier, struct watched_page, notifier);
	struct watch *watch;

	raw_spin_lock(&page->lock);
	mmu_interval_set_seq(notifier, sequence);
	page->valid = false;
	list_for_each_entry(watch, &page->watches, in_page)
		timer_group_read_at(watch, NULL);
	raw_spin_unlock(&page->lock);

	space_queue_resolve(page->space,
			    range->event == MMU_NOTIFY_RELEASE ? RELEASE_GRACE_MS : 0);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {
	.invalidate = invalidate,
};

/* Where ticks read that address. The caller holds page->lock, and the page is valid. */
static const void *value_at(const struct watched_page *page, unsigned long address)
{
	return page_address(page->page) + offset_in_page(address);
}

/* Makes `fresh` the page that ticks read, unless the mapping changed since `sequence`. */
static bool replace(struct watched_page *page, struct page *fresh, unsigned long sequence)
{
	struct watch *watch;
	bool current_still;

	raw_spin_lock(&page->lock);
	current_still = !mmu_interval_read_retry(&page->notifier, sequence);
	if (current_still) {
		swap(page->page, fresh);
		page->valid = true;
		list_for_each_entry(watch, &page->watches, in_page)
			timer_group_read_at(watch, value_at(page, watch->address));
	}
	raw_spin_unlock(&page->lock);

	/* The one before, or one that came too late. */
	if (fresh)
		unpin_user_page(fresh);
	return current_still;
}

/*
 * Resolves the page, or fails as pin_page() does. With `wait` it waits for the mmap lock, killably;
 * without it that is -EAGAIN. The caller holds page->resolving, and a reference on mm's users.
 */
static int resolve(struct watched_page *page, bool wait)
{
	struct mm_struct *mm = page->space->mm;
	struct page *fresh;
	unsigned long sequence;
	int tries, error;

	for (tries = 0; tries < RESOLVE_TRIES; tries++) {
		sequence = mmu_interval_read_begin(&page->notifier);
		if (wait) {
			if (mmap_read_lock_killable(mm))
				return -EINTR;
		} else if (!mmap_read_trylock(mm)) {
			return -EAGAIN;
		}
		error = pin_page(mm, page->address, &fresh);
		mmap_read_unlock(mm);
		if (error)
			return error;
		if (replace(page, fresh, sequence))
			return 0;
	}
	return -EAGAIN;
}

/* Makes it valid, for a process that wants to know: waits, killably, for what is still to be read. */
static int resolve_for_caller(struct watched_page *page)
{
	int error;

	for (;;) {
		if (mutex_lock_killable(&page->resolving))
			return -EINTR;
		error = READ_ONCE(page->valid) ? 0 : resolve(page, true);
		mutex_unlock(&page->resolving);
		if (error != -EINPROGRESS)
			return error == -EBUSY ? -EFAULT : error;
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

/* A page without users, which nobody else knows. */
static struct watched_page *page_create(struct watched_space *space, unsigned long address)
{
	struct watched_page *page = kzalloc(sizeof(*page), GFP_KERNEL);
	int error = -ENOMEM;

	if (!page)
		return ERR_PTR(error);
	page->space = space;
	page->address = address;
	mutex_init(&page->resolving);
	raw_spin_lock_init(&page->lock);
	INIT_LIST_HEAD(&page->watches);

	/* mmu_interval_notifier_insert() would wait for the lock unkillably. */
	error = -EINTR;
	if (mmap_write_lock_killable(space->mm))
		goto free;
	error = mmu_interval_notifier_insert_locked(&page->notifier, space->mm, address,
						    PAGE_SIZE, &notifier_ops);
	mmap_write_unlock(space->mm);
	if (error)
		goto free;
	return page;

free:
	kfree(page);
	return ERR_PTR(error);
}

static void page_free(struct watched_page *page)
{
	mmu_interval_notifier_remove(&page->notifier);
	if (page->page)
		unpin_user_page(page->page);
	kfree(page);
}

/* Puts a new page among those of its space. The caller holds space->lock. */
static int page_add(struct watched_page *page)
{
	struct watched_space *space = page->space;
	int error = pin_charge(space->mm);

	if (error)
		return error;
	error = xa_err(xa_store(&space->pages, page->address >> PAGE_SHIFT, page, GFP_KERNEL));
	if (error)
		pin_uncharge(space->mm);
	return error;
}

/*
 * One more user of the page of that address, if the space has it or it can be `fresh`; else NULL
 * or an error. The caller has a reference on the space, which becomes the user's.
 */
static struct watched_page *page_use(struct watched_space *space, unsigned long address,
				     struct watched_page *fresh)
{
	struct watched_page *page;
	int error = 0;

	mutex_lock(&space->lock);
	page = xa_load(&space->pages, address >> PAGE_SHIFT);
	if (!page && fresh) {
		error = page_add(fresh);
		page = error ? ERR_PTR(error) : fresh;
	}
	if (!IS_ERR_OR_NULL(page))
		page->users++;
	mutex_unlock(&space->lock);
	return page;
}

/* The same, with a new page if there is none, not resolved yet. */
static struct watched_page *page_use_or_create(struct watched_space *space, unsigned long address)
{
	struct watched_page *fresh, *page = page_use(space, address, NULL);

	if (page)
		return page;
	fresh = page_create(space, address);
	if (IS_ERR(fresh))
		return fresh;
	page = page_use(space, address, fresh);
	if (page != fresh)
		page_free(fresh);
	return page;
}

struct watched_page *watched_page_get(struct mm_struct *mm, unsigned long address)
{
	struct watched_space *space = space_get(mm);
	struct watched_page *page;
	int error;

	if (!space)
		return ERR_PTR(-ENOMEM);
	page = page_use_or_create(space, address & PAGE_MASK);
	if (IS_ERR(page)) {
		space_put(space);
		return page;
	}
	error = resolve_for_caller(page);
	if (!error)
		return page;
	watched_page_put(page, 1);
	return ERR_PTR(error);
}

void watched_page_put(struct watched_page *page, unsigned int users)
{
	struct watched_space *space = page->space;
	bool last;

	mutex_lock(&space->lock);
	page->users -= users;
	last = !page->users;
	if (last) {
		xa_erase(&space->pages, page->address >> PAGE_SHIFT);
		pin_uncharge(space->mm);
	}
	mutex_unlock(&space->lock);
	if (last)
		page_free(page);
	/* One for each user. */
	while (users--)
		space_put(space);
}

void watched_page_attach(struct watched_page *page, struct watch *watch)
{
	bool valid;

	lockdep_assert_held(&watches_lock);
	raw_spin_lock(&page->lock);
	watch->page = page;
	list_add(&watch->in_page, &page->watches);
	valid = page->valid;
	if (valid)
		timer_group_read_at(watch, value_at(page, watch->address));
	raw_spin_unlock(&page->lock);

	/* Who resolved the page meanwhile did not see this watch. */
	if (!valid)
		space_queue_resolve(page->space, 0);
}

void watched_page_detach(struct watch *watch)
{
	struct watched_page *page = watch->page;

	lockdep_assert_held(&watches_lock);
	raw_spin_lock(&page->lock);
	/* Off the list, nobody could any more. */
	timer_group_read_at(watch, NULL);
	list_del(&watch->in_page);
	raw_spin_unlock(&page->lock);
}

/*
 * Resolves one page again; its watches end if that cannot succeed. Returns the users that ended.
 * Meanwhile nobody else resolves it: who is about to start a watch there has a good one.
 */
static unsigned int resolve_or_end(struct watched_page *page, bool mm_lives, bool *retry)
{
	unsigned int ended = 0;
	int error;

	if (!mutex_trylock(&page->resolving)) {
		*retry = true;
		return 0;
	}
	error = mm_lives ? resolve(page, false) : -ESRCH;
	switch (error) {
	case 0:
		break;
	case -ESRCH:
		ended = watch_end_page(page, VMON_END_EXITED);
		break;
	case -EFAULT:
		ended = watch_end_page(page, VMON_END_UNMAPPED);
		break;
	case -ENOMEM:
		ended = watch_end_page(page, VMON_END_NO_MEMORY);
		break;
	default:
		*retry = true;
	}
	mutex_unlock(&page->resolving);
	return ended;
}

/* Whoever starts a watch resolves its page first. */
static bool has_unreadable_watch(struct watched_page *page)
{
	bool has;

	raw_spin_lock(&page->lock);
	has = !page->valid && !list_empty(&page->watches);
	raw_spin_unlock(&page->lock);
	return has;
}

/* The first page from that number on that has to be resolved again, with one more user; its number. */
static struct watched_page *next_invalid(struct watched_space *space, unsigned long *number)
{
	struct watched_page *page;
	unsigned long from = *number;

	mutex_lock(&space->lock);
	xa_for_each_start(&space->pages, *number, page, from) {
		if (has_unreadable_watch(page)) {
			page->users++;
			refcount_inc(&space->references);
			break;
		}
	}
	mutex_unlock(&space->lock);
	return page;
}

static void resolve_invalid(struct work_struct *work)
{
	struct watched_space *space = container_of(to_delayed_work(work), struct watched_space,
						   resolve);
	bool mm_lives = mmget_not_zero(space->mm), retry = false;
	struct watched_page *page;
	unsigned long number = 0;

	for (; (page = next_invalid(space, &number)); number++)
		watched_page_put(page, 1 + resolve_or_end(page, mm_lives, &retry));
	if (retry)
		space_queue_resolve(space, RESOLVE_RETRY_MS);

	if (mm_lives)
		mmput_async(space->mm);
	space_put(space);
}

int watched_pages_init(void)
{
	resolve_queue = alloc_workqueue("variable_monitor_pages", WQ_UNBOUND, 0);
	return resolve_queue ? 0 : -ENOMEM;
}

/* Sessions are closed, so a space that is left is left to its queued work. */
static void end_spaces(void)
{
	struct watched_space *space;

	for (;;) {
		mutex_lock(&spaces_lock);
		space = list_first_entry_or_null(&spaces, struct watched_space, in_spaces);
		if (space)
			refcount_inc(&space->references);
		mutex_unlock(&spaces_lock);
		if (!space)
			return;
		if (cancel_delayed_work_sync(&space->resolve))
			space_put(space);	/* the work's reference */
		space_put(space);
	}
}

void watched_pages_exit(void)
{
	end_spaces();
	destroy_workqueue(resolve_queue);
}
