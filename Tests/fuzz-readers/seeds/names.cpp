// SPDX-License-Identifier: Apache-2.0
// A library whose symbols have long names, aliases and no types, for seeds of fuzz-elf.

namespace outer {
namespace {
int hidden(int value) { return value + 1; }
}
template <typename Value, int count>
struct List {
	Value operator()(Value value) { return hidden(value) + count; }
	operator bool() const { return true; }
};
template struct List<int, 3>;
template struct List<long, 4>;
}

extern "C" int first(int value) { return value; }
extern "C" int second(int) __attribute__((alias("first"), weak));
__asm__(".text\n"
	"without_type: ret\n");
