/* Histograms: what is observed is in its bucket and in all wider ones, and the sum is right. */
#include "unit.h"

#include "metrics/histogram.h"

static const int64_t bounds[] = { 10, 20, 50, 0 };

static char *
written(struct histogram *histogram)
{
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);

	histogram_write(file, histogram);
	fclose(file);
	return text;
}

static void
an_empty_one_has_all_its_buckets(void **state)
{
	struct histogram histogram = { "size", "Sizes.", 1, bounds, { 0 }, 0 };
	char *text = written(&histogram);

	assert_string_equal(text, "# HELP size Sizes.\n# TYPE size histogram\n"
	    "size_bucket{le=\"10\"} 0\nsize_bucket{le=\"20\"} 0\nsize_bucket{le=\"50\"} 0\nsize_bucket{le=\"+Inf\"} 0\n"
	    "size_sum 0\nsize_count 0\n");
	free(text);
}

static void
a_bound_belongs_to_its_bucket(void **state)
{
	struct histogram histogram = { "size", "Sizes.", 1, bounds, { 0 }, 0 };
	char *text;

	histogram_observe(&histogram, 0);
	histogram_observe(&histogram, 10);
	histogram_observe(&histogram, 11);
	histogram_observe(&histogram, 50);
	histogram_observe(&histogram, 51);
	text = written(&histogram);
	assert_non_null(strstr(text, "size_bucket{le=\"10\"} 2\nsize_bucket{le=\"20\"} 3\nsize_bucket{le=\"50\"} 4\n"
	    "size_bucket{le=\"+Inf\"} 5\nsize_sum 122\nsize_count 5\n"));
	free(text);
}

static void
units_are_those_of_the_metric(void **state)
{
	struct histogram histogram = { "time_seconds", "Times.", 1000, bounds, { 0 }, 0 };
	char *text;

	histogram_observe(&histogram, 1500);
	text = written(&histogram);
	assert_non_null(strstr(text, "time_seconds_bucket{le=\"0.01\"} 0\n"));
	assert_non_null(strstr(text, "time_seconds_sum 1.5\n"));
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_has_all_its_buckets),
		cmocka_unit_test(a_bound_belongs_to_its_bucket),
		cmocka_unit_test(units_are_those_of_the_metric),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
