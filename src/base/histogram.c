#include "base/histogram.h"

const int64_t histogram_times_ms[HISTOGRAM_TIMES] = { 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000,
	10000, 20000 };

void histogram_add(struct histogram *h, int64_t value)
{
	size_t i = 0;

	while (i < h->limit_count && value > h->limits[i])
		i++;
	atomic_fetch_add_explicit(&h->counts[i], 1, memory_order_relaxed);
	if (value > 0)
		atomic_fetch_add_explicit(&h->sum, (uint64_t)value, memory_order_relaxed);
}

void histogram_read(const struct histogram *h, struct histogram_values *out)
{
	*out = (struct histogram_values){ .limits = h->limits, .limit_count = h->limit_count };
	for (size_t i = 0; i <= h->limit_count; i++)
		out->counts[i] = atomic_load_explicit(&h->counts[i], memory_order_relaxed);
	out->sum = atomic_load_explicit(&h->sum, memory_order_relaxed);
}
