// SPDX-License-Identifier: Apache-2.0
// A program without libraries that prints its own state deep in its stack, for seeds of fuzz-stacks:
// its registers, the address of its first byte and its stack.
//
// It is deep in calls without frame pointers; with SIGNAL, in a handler too.

typedef unsigned long word;

extern const char __executable_start[];

// The registers in the order of struct vmon_registers, and the program's start.
static word state[22];
static word stack_end;

static long call(long number, long a, long b, long c, long d)
{
	register long fourth __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
			 : "rcx", "r11", "memory");
	return result;
}

static void print_state(void)
{
	__asm__ volatile("mov %%r15, 0(%0); mov %%r14, 8(%0); mov %%r13, 16(%0); mov %%r12, 24(%0)\n"
			 "mov %%rbp, 32(%0); mov %%rbx, 40(%0); mov %%rsp, 152(%0)\n"
			 "lea (%%rip), %%rax; mov %%rax, 128(%0)"
			 :
			 : "r"(state)
			 : "rax", "memory");
	state[21] = (word)__executable_start;
	call(1, 1, (long)state, sizeof(state), 0);
	call(1, 1, state[19], stack_end - state[19], 0);
	call(60, 0, 0, 0, 0);
}

#ifdef SIGNAL
// As C libraries have it, with the rules for the registers that the kernel put on the stack.
__asm__(".globl restore\n"
	".cfi_startproc\n"
	".cfi_signal_frame\n"
	".cfi_escape 0x0f, 4, 0x77, 0xa0, 0x01, 0x06\n"     // CFA: what rsp was
	".cfi_escape 0x10, 16, 3, 0x77, 0xa8, 0x01\n"       // rip
	".cfi_escape 0x10, 6, 3, 0x77, 0xf8, 0x00\n"        // rbp
	".cfi_escape 0x10, 3, 3, 0x77, 0x80, 0x01\n"        // rbx
	"nop\n"
	"restore: mov $15, %eax; syscall\n"
	".cfi_endproc\n");
void restore(void);

static void handle(int number)
{
	(void)number;
	print_state();
}

static void stop_here(void)
{
	static struct { void (*handler)(int); word flags; void (*restorer)(void); word mask; } action = {
		handle, 0x04000000, restore, 0
	};

	call(13, 10, (long)&action, 0, 8);
	call(62, call(39, 0, 0, 0, 0), 10, 0, 0);
}
#else
#define stop_here print_state
#endif

__attribute__((noinline)) static int recurse(volatile int *rest)
{
	volatile int next = *rest - 1;

	if (*rest == 0) {
		stop_here();
		return 0;
	}
	return recurse(&next) + *rest;
}

__attribute__((used, noreturn)) static void start(word *stack)
{
	volatile int depth = 8;

	stack_end = (word)stack + 64;
	recurse(&depth);
	__builtin_unreachable();
}

__asm__(".globl _start\n"
	"_start: .cfi_startproc\n"
	".cfi_undefined %rip\n"
	"mov %rsp, %rdi\n"
	"and $-16, %rsp\n"
	"call start\n"
	"hlt\n"
	".cfi_endproc\n");
