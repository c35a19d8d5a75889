// SPDX-License-Identifier: GPL-2.0-only
#ifdef __KERNEL__
#include <linux/elf.h>
#include <linux/string.h>
#else
#include <elf.h>
#include <string.h>
#endif

#include "build_id.h"

#define PROGRAM_HEADERS_MAX 64
#define NOTES_MAX 32

#ifndef NT_GNU_BUILD_ID
#define NT_GNU_BUILD_ID 3
#endif

static __u64 align4(__u64 size)
{
	return (size + 3) & ~3ULL;
}

/* Looks through one segment of notes, of which at most *left in all segments. */
static __u8 search_notes(memory_reader read, __u64 at, __u64 size, int *left, __u8 *build_id)
{
	__u64 end = at + size;
	Elf64_Nhdr note;
	char name[4];

	while (end - at >= sizeof(note) && (*left)--) {
		__u64 description;

		if (!read(&note, at, sizeof(note)))
			return 0;
		description = at + sizeof(note) + align4(note.n_namesz);
		if (description > end || note.n_descsz > end - description)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(name) &&
		    note.n_descsz && note.n_descsz <= VMON_BUILD_ID_MAX) {
			if (!read(name, at + sizeof(note), sizeof(name)))
				return 0;
			if (!memcmp(name, "GNU", sizeof(name)))
				return read(build_id, description, note.n_descsz) ?
				       note.n_descsz : 0;
		}
		at = description + align4(note.n_descsz);
		if (at > end)
			return 0;
	}
	return 0;
}

__u8 build_id_read(memory_reader read, __u64 base, __u8 build_id[VMON_BUILD_ID_MAX])
{
	Elf64_Ehdr file;
	Elf64_Phdr segment;
	__u64 bias = 0;
	__u8 length = 0;
	int pass, i, notes_left = NOTES_MAX;

	if (!read(&file, base, sizeof(file)))
		return 0;
	if (memcmp(file.e_ident, ELFMAG, SELFMAG) || file.e_ident[EI_CLASS] != ELFCLASS64 ||
	    file.e_phentsize != sizeof(segment))
		return 0;

	/* First the loadable segment that lies at the base, then the notes. */
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < file.e_phnum && i < PROGRAM_HEADERS_MAX && !length; i++) {
			if (!read(&segment, base + file.e_phoff + i * sizeof(segment),
				  sizeof(segment)))
				return 0;
			if (pass == 0 && segment.p_type == PT_LOAD) {
				bias = base - (segment.p_vaddr - segment.p_offset);
				break;
			}
			if (pass == 1 && segment.p_type == PT_NOTE)
				length = search_notes(read, bias + segment.p_vaddr,
						      segment.p_memsz, &notes_left, build_id);
		}
	}
	return length;
}
