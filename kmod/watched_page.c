// SPDX-License-Identifier: GPL-2.0-only
#include <linux/highmem.h>
#include <linux/sched/mm.h>
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
	struct mutex lock;		/* pages; their users and page */
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
	struct page *old = page->page;
	struct watch *watch;
	bool current_still;

	raw_spin_lock(&page->lock);
	current_still = !mmu_interval_read_retry(&page->notifier, sequence);
	if (current_still) {
		page->page = fresh;
		page->valid = true;
		list_for_each_entry(watch, &page->watches, in_page)
			timer_group_read_at(watch, value_at(page, watch->address));
	}
	raw_spin_unlock(&page->lock);

	if (!current_still)
		unpin_user_page(fresh);
	else if (old)
		unpin_user_page(old);
	return current_still;
}

/*
 * Resolves the page. With `wait` it waits for the mmap lock, killably, and for what the
 * page is read from. The caller holds space->lock and a reference on mm's users.
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
		error = pin_page(mm, page->address, !wait, &fresh);
		mmap_read_unlock(mm);
		if (error)
			return error;
		if (replace(page, fresh, sequence))
			return 0;
	}
	return -EAGAIN;
}

/* The caller holds space->lock; no watch and no user is left. */
static void page_destroy(struct watched_page *page)
{
	struct watched_space *space = page->space;

	xa_erase(&space->pages, page->address >> PAGE_SHIFT);
	mmu_interval_notifier_remove(&page->notifier);
	if (page->page)
		unpin_user_page(page->page);
	pin_uncharge(space->mm);
	kfree(page);
}

/* A new page without users. The caller holds space->lock. */
static struct watched_page *page_create(struct watched_space *space, unsigned long address)
{
	struct watched_page *page = kzalloc(sizeof(*page), GFP_KERNEL);
	int error = -ENOMEM;

	if (!page)
		return ERR_PTR(error);
	page->space = space;
	page->address = address;
	raw_spin_lock_init(&page->lock);
	INIT_LIST_HEAD(&page->watches);

	error = pin_charge(space->mm);
	if (error)
		goto free;
	/* mmu_interval_notifier_insert() would wait for the lock unkillably. */
	error = -EINTR;
	if (mmap_write_lock_killable(space->mm))
		goto uncharge;
	error = mmu_interval_notifier_insert_locked(&page->notifier, space->mm, address,
						    PAGE_SIZE, &notifier_ops);
	mmap_write_unlock(space->mm);
	if (error)
		goto uncharge;
	error = xa_err(xa_store(&space->pages, address >> PAGE_SHIFT, page, GFP_KERNEL));
	if (error)
		goto remove_notifier;
	return page;

remove_notifier:
	mmu_interval_notifier_remove(&page->notifier);
uncharge:
	pin_uncharge(space->mm);
free:
	kfree(page);
	return ERR_PTR(error);
}

struct watched_page *watched_page_get(struct mm_struct *mm, unsigned long address)
{
	struct watched_space *space = space_get(mm);
	struct watched_page *page;
	int error = 0;

	if (!space)
		return ERR_PTR(-ENOMEM);
	address &= PAGE_MASK;
	if (mutex_lock_killable(&space->lock)) {
		space_put(space);
		return ERR_PTR(-EINTR);
	}
	page = xa_load(&space->pages, address >> PAGE_SHIFT);
	if (!page)
		page = page_create(space, address);
	if (IS_ERR(page)) {
		error = PTR_ERR(page);
	} else {
		if (!READ_ONCE(page->valid))
			error = resolve(page, true);
		if (!error)
			page->users++;
		else if (!page->users)
			page_destroy(page);
	}
	mutex_unlock(&space->lock);
	if (!error)
		return page;	/* its reference is the page's user */
	space_put(space);
	return ERR_PTR(error);
}

/* Gives back so many references of a space, one for each user of its pages. */
static void space_put_many(struct watched_space *space, unsigned int references)
{
	while (references--)
		space_put(space);
}

void watched_page_put(struct watched_page *page, unsigned int users)
{
	struct watched_space *space = page->space;

	mutex_lock(&space->lock);
	page->users -= users;
	if (!page->users)
		page_destroy(page);
	mutex_unlock(&space->lock);
	space_put_many(space, users);
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
	list_del(&watch->in_page);
	raw_spin_unlock(&page->lock);
}

/* Resolves one page again; its watches end if that cannot succeed. Returns the users that ended. */
static unsigned int resolve_or_end(struct watched_page *page, bool mm_lives, bool *retry)
{
	enum vmon_watch_end_reason reason = VMON_END_EXITED;
	unsigned int ended;
	int error;

	if (mm_lives) {
		error = resolve(page, false);
		if (!error)
			return 0;
		if (error == -EAGAIN || error == -EINTR) {
			*retry = true;
			return 0;
		}
		reason = error == -ENOMEM ? VMON_END_NO_MEMORY : VMON_END_UNMAPPED;
	}
	ended = watch_end_page(page, reason);
	page->users -= ended;
	if (!page->users)
		page_destroy(page);
	return ended;
}

static void resolve_invalid(struct work_struct *work)
{
	struct watched_space *space = container_of(to_delayed_work(work), struct watched_space,
						   resolve);
	bool mm_lives = mmget_not_zero(space->mm), retry = false;
	unsigned int ended = 0;
	struct watched_page *page;
	unsigned long index;

	mutex_lock(&space->lock);
	xa_for_each(&space->pages, index, page)
		if (!READ_ONCE(page->valid))
			ended += resolve_or_end(page, mm_lives, &retry);
	if (retry)
		space_queue_resolve(space, RESOLVE_RETRY_MS);
	mutex_unlock(&space->lock);

	if (mm_lives)
		mmput_async(space->mm);
	space_put_many(space, ended + 1);
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
