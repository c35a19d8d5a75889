// SPDX-License-Identifier: Apache-2.0
// A program of C++ that is watched without knowing it: each number of its input becomes what is free in its pool.
#include <atomic>
#include <cstdio>

namespace net {
struct Pool {
	std::atomic<unsigned> free{5};
};
static Pool pool;
}

int main()
{
	unsigned value;

	std::puts("ready");
	std::fflush(stdout);
	while (std::scanf("%u", &value) == 1) {
		net::pool.free = value;
		std::printf("%u\n", value);
		std::fflush(stdout);
	}
}
