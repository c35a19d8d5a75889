// SPDX-License-Identifier: Apache-2.0
/* Runs in code that it has written into memory, and leaves that code's name as compilers do. Ends after a while,
 * unless it has an argument. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	/* mov $count, %rcx; 1: dec %rcx; jnz 1b; ret */
	static const unsigned char code[] = {
		0x48, 0xc7, 0xc1, 0x00, 0x00, 0x00, 0x10, 0x48, 0xff, 0xc9, 0x75, 0xfb, 0xc3,
	};
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *map;

	if (memory == MAP_FAILED)
		return 1;
	memcpy(memory, code, sizeof(code));
	if (argc > 1)
		memset((char *)memory + 3, 0xff, 4);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	map = fopen(path, "w");
	if (!map)
		return 1;
	fprintf(map, "%lx %zx compiled_spin\n", (unsigned long)memory, sizeof(code));
	fclose(map);
	((void (*)(void))memory)();
	return 0;
}
