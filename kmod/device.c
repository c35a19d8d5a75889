// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/variable_monitor. One open file is one session: the watches that it
 * started, and its place in the buffer.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "device.h"
#include "trigger.h"
#include "watch.h"

struct session {
	struct mm_struct *owner;	/* address space that opened it, kept by mmgrab() */
	struct list_head watches;	/* watches_lock */

	struct mutex read_lock;		/* what follows; user memory is touched under it */
	u64 cursor;
	void *bounce;			/* VMON_RECORD_SIZE_MAX; NULL if not open for reading */
};

/* Asked at open and at each read: either answer may change in between. */
static bool may_read(void)
{
	if (!capable(CAP_SYS_ADMIN) && !(capable(CAP_PERFMON) && capable(CAP_SYS_PTRACE)))
		return false;
	return !security_locked_down(LOCKDOWN_PERF);
}

static int session_open(struct inode *inode, struct file *file)
{
	struct session *session;

	if (file->f_mode & FMODE_READ && !may_read())
		return -EPERM;
	if (!current->mm)
		return -EINVAL;
	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return -ENOMEM;
	INIT_LIST_HEAD(&session->watches);
	mutex_init(&session->read_lock);
	if (file->f_mode & FMODE_READ) {
		session->bounce = kvmalloc(VMON_RECORD_SIZE_MAX, GFP_KERNEL);
		if (!session->bounce) {
			kfree(session);
			return -ENOMEM;
		}
	}
	mmgrab(current->mm);
	session->owner = current->mm;
	file->private_data = session;
	return stream_open(inode, file);
}

static int session_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	watch_cancel_all(&session->watches);
	mmdrop(session->owner);
	kvfree(session->bounce);
	kfree(session);
	return 0;
}

/*
 * Copies whole records to user memory through the bounce buffer, so that a reader whose
 * memory is slow never holds the ring's lock. The caller holds read_lock.
 */
static ssize_t read_records(struct session *session, char __user *to, size_t size)
{
	ssize_t done = 0;

	for (;;) {
		u64 cursor = session->cursor;
		long copied = buffer_read(&cursor, session->bounce,
					  min_t(size_t, size - done, VMON_RECORD_SIZE_MAX));

		if (copied <= 0)
			return done ? done : copied ? -EMSGSIZE : 0;
		if (copy_to_user(to + done, session->bounce, copied))
			return done ? done : -EFAULT;
		session->cursor = cursor;
		done += copied;
		if (signal_pending(current))
			return done;
	}
}

static ssize_t session_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	struct session *session = file->private_data;
	ssize_t done;

	if (!size)
		return 0;
	size = min_t(size_t, size, MAX_RW_COUNT);
	for (;;) {
		u64 cursor;

		if (!may_read())
			return -EPERM;
		if (mutex_lock_interruptible(&session->read_lock))
			return -ERESTARTSYS;
		done = read_records(session, to, size);
		cursor = session->cursor;
		mutex_unlock(&session->read_lock);
		if (done)
			return done;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(*buffer_wait_queue(), buffer_has_record(cursor)))
			return -ERESTARTSYS;
	}
}

static __poll_t session_poll(struct file *file, poll_table *table)
{
	struct session *session = file->private_data;

	if (!(file->f_mode & FMODE_READ))
		return 0;
	poll_wait(file, buffer_wait_queue(), table);
	return buffer_has_record(READ_ONCE(session->cursor)) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* Whoever started a watch must come to know it, or it ends. */
static long return_id(struct session *session, u64 id, __u64 __user *to)
{
	if (!put_user(id, to))
		return 0;
	watch_cancel(&session->watches, id);
	return -EFAULT;
}

/* For a process's first watch the kernel gives up at any signal, and then nothing has been done. */
static int or_restart(int error)
{
	return error == -EINTR ? -ERESTARTNOINTR : error;
}

static long ioctl_watch(struct session *session, struct vmon_watch __user *argument)
{
	struct vmon_watch request;
	int error;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	error = or_restart(watch_start_plain(&session->watches, &request));
	return error ?: return_id(session, request.id, &argument->id);
}

static long ioctl_watch_condition(struct session *session,
				  struct vmon_watch_condition __user *argument)
{
	struct vmon_watch_condition request;
	int error;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	error = or_restart(watch_start(&session->watches, &request));
	return error ?: return_id(session, request.watch.id, &argument->watch.id);
}

static long ioctl_change(struct session *session, const struct vmon_change __user *argument)
{
	struct vmon_change change;

	if (copy_from_user(&change, argument, sizeof(change)))
		return -EFAULT;
	if (change.reserved[0] || change.reserved[1])
		return -EINVAL;
	return watch_change(&session->watches, &change);
}

static long ioctl_state(struct session *session, struct vmon_watch_state __user *argument)
{
	struct vmon_watch_state state;
	int error;

	if (copy_from_user(&state, argument, sizeof(state)))
		return -EFAULT;
	if (state.reserved)
		return -EINVAL;
	error = watch_state(&session->watches, &state);
	if (error)
		return error;
	return copy_to_user(argument, &state, sizeof(state)) ? -EFAULT : 0;
}

static long ioctl_list(struct session *session, struct vmon_watch_list __user *argument)
{
	struct vmon_watch_list list;
	u64 *ids;
	int error = 0;

	if (copy_from_user(&list, argument, sizeof(list)))
		return -EFAULT;
	/* User memory is not touched under the lock that watch_list() takes. */
	list.capacity = min_t(u32, list.capacity, WATCHES_MAX);
	ids = kvmalloc_array(list.capacity, sizeof(*ids), GFP_KERNEL);
	if (!ids && list.capacity)
		return -ENOMEM;
	list.count = watch_list(&session->watches, ids, list.capacity);
	if (copy_to_user(u64_to_user_ptr(list.ids), ids,
			 min(list.count, list.capacity) * sizeof(*ids)) ||
	    put_user(list.count, &argument->count))
		error = -EFAULT;
	kvfree(ids);
	return error;
}

static long ioctl_cancel(struct session *session, const __u64 __user *argument)
{
	u64 id;

	if (get_user(id, argument))
		return -EFAULT;
	return watch_cancel(&session->watches, id);
}

static long ioctl_dump(struct vmon_dump_request __user *argument)
{
	struct vmon_dump_request request;
	struct pid *process = NULL;
	u64 dump_id;
	int error;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (request.reserved)
		return -EINVAL;
	if (request.pid) {
		struct task_struct *task;

		rcu_read_lock();
		task = pid_task(find_vpid(request.pid), PIDTYPE_PID);
		process = task ? get_pid(task_tgid(task)) : NULL;
		rcu_read_unlock();
		if (!process)
			return -ESRCH;
	}
	error = trigger_request(process, &dump_id);
	put_pid(process);
	if (error)
		return error;
	return put_user(dump_id, &argument->dump_id);
}

static long ioctl_release(const __u64 __user *argument)
{
	u64 sequence;

	if (get_user(sequence, argument))
		return -EFAULT;
	return buffer_release(sequence) ? 0 : -EINVAL;
}

static long session_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct session *session = file->private_data;
	void __user *pointer = (void __user *)argument;

	/* After a fork, or over a socket: the watches are not this caller's to change. */
	if (session->owner != current->mm)
		return -EIO;
	switch (command) {
	case VMON_IOC_WATCH:
	case VMON_IOC_WATCH_CONDITION:
	case VMON_IOC_CHANGE:
	case VMON_IOC_STATE:
	case VMON_IOC_LIST:
	case VMON_IOC_CANCEL:
	case VMON_IOC_CANCEL_ALL:
		if (!(file->f_mode & FMODE_WRITE))
			return -EBADF;
		break;
	case VMON_IOC_RELEASE:
	case VMON_IOC_DUMP:
		if (!(file->f_mode & FMODE_READ))
			return -EBADF;
		if (!may_read())
			return -EPERM;
		break;
	}
	switch (command) {
	case VMON_IOC_WATCH:
		return ioctl_watch(session, pointer);
	case VMON_IOC_WATCH_CONDITION:
		return ioctl_watch_condition(session, pointer);
	case VMON_IOC_CHANGE:
		return ioctl_change(session, pointer);
	case VMON_IOC_STATE:
		return ioctl_state(session, pointer);
	case VMON_IOC_LIST:
		return ioctl_list(session, pointer);
	case VMON_IOC_CANCEL:
		return ioctl_cancel(session, pointer);
	case VMON_IOC_CANCEL_ALL:
		watch_cancel_all(&session->watches);
		return 0;
	case VMON_IOC_RELEASE:
		return ioctl_release(pointer);
	case VMON_IOC_DUMP:
		return ioctl_dump(pointer);
	}
	return -ENOTTY;
}

static const struct file_operations session_operations = {
	.owner = THIS_MODULE,
	.open = session_open,
	.release = session_release,
	.read = session_read,
	.poll = session_poll,
	.unlocked_ioctl = session_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "variable_monitor",
	.fops = &session_operations,
	.mode = 0600,
};

int device_init(void)
{
	return misc_register(&device);
}

void device_exit(void)
{
	misc_deregister(&device);
}
