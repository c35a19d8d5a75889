// SPDX-License-Identifier: GPL-2.0-only
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "build_id.h"
#include "compat/file.h"
#include "compat/vma.h"
#include "dump.h"
#include "mappings_lock.h"

/* Executable mappings of one address space; far more than any program has. */
#define MAPPINGS_MAX 16384

/* Where a path is put together: its longest form, behind the room for its mapping. */
#define ENTRY_MAX (sizeof(struct vmon_mapping) + PATH_MAX)

static int read_nofault(void *to, u64 address, u32 size)
{
	return !copy_from_user_nofault(to, (const void __user *)(unsigned long)address, size);
}

/* A list of mappings on its way into records. */
struct mappings_writer {
	struct dump *dump;
	u64 address_space;
	u32 tgid;
	u32 total;
	u32 size;		/* of the record being built */
};

static void start_record(struct mappings_writer *writer)
{
	struct vmon_mappings *record = writer->dump->record;

	memset(record, 0, sizeof(*record));
	record->address_space = writer->address_space;
	record->tgid = writer->tgid;
	writer->size = sizeof(*record);
}

static void finish_record(struct mappings_writer *writer, u32 flags)
{
	struct vmon_mappings *record = writer->dump->record;

	record->flags = flags;
	buffer_append(&record->record, VMON_RECORD_MAPPINGS, writer->size, writer->dump->id);
}

/* The path as /proc/PID/maps shows it, moved to `to`; returns its length. */
static u16 copy_path(struct vm_area_struct *vma, char *to)
{
	const char *path = "";
	size_t length;

	if (vma->vm_file)
		path = d_path(compat_file_user_path(vma->vm_file), to, PATH_MAX);
	else if (vma->vm_start == (unsigned long)vma->vm_mm->context.vdso)
		path = "[vdso]";
	if (IS_ERR(path))
		path = "";
	length = strlen(path);
	memmove(to, path, length);
	memset(to + length, 0, ALIGN(length, 8) - length);
	return length;
}

/* base: where the first byte of the same file is mapped; 0 if nowhere. */
static void write_mapping(struct mappings_writer *writer, struct vm_area_struct *vma, u64 base)
{
	struct vmon_mappings *record = writer->dump->record;
	struct vmon_mapping *mapping;

	if (writer->size + ENTRY_MAX > VMON_RECORD_SIZE_MAX) {
		finish_record(writer, 0);
		start_record(writer);
	}
	mapping = (void *)record + writer->size;
	*mapping = (struct vmon_mapping) {
		.start = vma->vm_start,
		.end = vma->vm_end,
		.offset = (u64)vma->vm_pgoff << PAGE_SHIFT,
	};
	if (vma->vm_file) {
		const struct inode *inode = compat_file_user_inode(vma->vm_file);

		mapping->inode = inode->i_ino;
		mapping->device_major = MAJOR(inode->i_sb->s_dev);
		mapping->device_minor = MINOR(inode->i_sb->s_dev);
	} else {
		mapping->offset = 0;
	}
	if (base)
		mapping->build_id_bytes = build_id_read(read_nofault, base, mapping->build_id);
	mapping->path_bytes = copy_path(vma, (char *)(mapping + 1));
	writer->size += sizeof(*mapping) + ALIGN(mapping->path_bytes, 8);
	record->count++;
	writer->total++;
}

void dump_mappings(struct dump *dump, struct mm_struct *mm, u64 address_space, u32 tgid)
{
	struct mappings_writer writer = {
		.dump = dump, .address_space = address_space, .tgid = tgid,
	};
	struct vm_area_struct *vma;
	struct file *file = NULL;
	u64 base = 0;
	u32 flags = 0;

	start_record(&writer);
	if (!mappings_lock(mm)) {
		finish_record(&writer, VMON_MAPPINGS_BUSY);
		return;
	}
	kthread_use_mm(mm);
	compat_for_each_vma(mm, vma) {
		/* A file's segments follow one another, its first bytes come first. */
		if (!vma->vm_file || vma->vm_pgoff == 0 || vma->vm_file != file)
			base = !vma->vm_file || vma->vm_pgoff == 0 ? vma->vm_start : 0;
		file = vma->vm_file;
		if (!(vma->vm_flags & VM_EXEC))
			continue;
		cond_resched();
		if (writer.total == MAPPINGS_MAX || ktime_get_ns() > dump->deadline_ns) {
			flags = VMON_MAPPINGS_TRUNCATED;
			break;
		}
		write_mapping(&writer, vma, base);
	}
	kthread_unuse_mm(mm);
	mappings_unlock(mm);
	finish_record(&writer, flags);
}
