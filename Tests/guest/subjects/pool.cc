// SPDX-License-Identifier: Apache-2.0
// A program of C++ that is watched without knowing it: each number of its input becomes what is free in its pool,
// and what is busy.
#include <atomic>
#include <cstdio>

namespace net {
struct Pool {
	std::atomic<unsigned> free{5};
};
static Pool pool;
static volatile int busy = 5;
}

int main()
{
	unsigned value;

	std::puts("ready");
	std::fflush(stdout);
	while (std::scanf("%u", &value) == 1) {
		net::pool.free = value;
		net::busy = static_cast<int>(value);
		std::printf("%u\n", value);
		std::fflush(stdout);
	}
}
