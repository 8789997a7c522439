/* SPDX-License-Identifier: BSD-2-Clause */
#include "save.c"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/leat-save-test-XXXXXX";

static int setup(void **state)
{
	strcpy(path + strlen(path) - 6, "XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	return unlink(path);
}

struct written {
	struct saver *s;
	int fd;
};

static struct saver *begin(struct written *w)
{
	w->fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(w->fd >= 0);
	w->s = saver_new(save_to_fd, &w->fd);
	assert_non_null(w->s);
	return w->s;
}

static int end(struct written *w)
{
	int err = saver_end(w->s);
	saver_free(w->s);
	close(w->fd);
	return err;
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void what_is_written_is_read(void **state)
{
	struct written w;
	struct saver *s = begin(&w);
	save_u64(s, "big", UINT64_MAX);
	save_str(s, "word", "a \"b\" c");
	save_str(s, "odd", "no\xff\x80text"); /* no UTF-8 */
	save_list(s, "items");
	for (uint64_t i = 0; i < 3; i++) {
		save_item(s);
		save_bytes(s, "raw", (uint8_t[]){ 0xff, (uint8_t)i }, 2);
		save_end(s);
	}
	save_end(s);
	save_begin(s, "inner");
	save_u64(s, "x", 5);
	save_end(s);
	assert_int_equal(end(&w), 0);

	char why[256], word[16];
	uint64_t v;
	uint8_t raw[2];
	size_t n;
	struct loader *l = loader_new(path, why, sizeof why);
	assert_non_null(l);
	assert_true(load_u64(l, "big", 0, UINT64_MAX, &v) && v == UINT64_MAX);
	assert_true(load_str(l, "word", word, sizeof word));
	assert_string_equal(word, "a \"b\" c");
	assert_true(load_str(l, "odd", word, sizeof word));
	assert_string_equal(word, "no\xff\x80text");
	assert_true(load_list(l, "items", &n) && n == 3);
	for (size_t i = 0; i < n; i++) {
		assert_true(load_item(l, i));
		assert_true(load_bytes(l, "raw", raw, 2) && raw[0] == 0xff && raw[1] == i);
		load_end(l);
	}
	load_end(l);
	assert_true(load_begin(l, "inner") && load_u64(l, "x", 0, 9, &v) && v == 5);
	load_end(l);
	assert_int_equal(load_error(l), 0);
	loader_free(l);
}

static void a_broken_field_is_named_with_its_path(void **state)
{
	char why[256];
	uint64_t v = 99;
	write_file("{\"a\": {\"b\": [{\"c\": 11}]}}");
	struct loader *l = loader_new(path, why, sizeof why);
	size_t n;
	assert_true(load_begin(l, "a") && load_list(l, "b", &n) && load_item(l, 0));
	assert_false(load_u64(l, "c", 0, 10, &v));
	assert_int_equal(v, 99); /* written on success only */
	assert_int_equal(load_error(l), -EINVAL);
	assert_string_equal(load_error_text(l), "a.b.0.c: out of range");
	loader_free(l);
}

static void types_and_lengths_are_checked(void **state)
{
	char why[256], word[4];
	uint8_t raw[4];
	size_t n;
	uint64_t v;
	write_file("{\"s\": \"toolong\", \"h\": \"0g\", \"odd\": \"abc\", \"h8\": \"00112233\", \"i\": 1, "
		   "\"r\": 1.5}");
	struct loader *l = loader_new(path, why, sizeof why);
	assert_false(load_str(l, "s", word, sizeof word));
	assert_false(load_bytes(l, "h", raw, 1));
	assert_false(load_blob(l, "odd", raw, 4, &n));
	assert_false(load_bytes(l, "h8", raw, 3));
	assert_false(load_blob(l, "h8", raw, 3, &n));
	assert_true(load_blob(l, "h8", raw, 4, &n) && n == 4);
	assert_false(load_begin(l, "i"));
	assert_false(load_list(l, "i", &n));
	assert_false(load_u64(l, "r", 0, 9, &v));
	assert_false(load_item(l, 0));
	loader_free(l);
}

static void a_file_that_is_no_json_says_so(void **state)
{
	char why[256] = "";
	write_file("{ nonsense");
	assert_null(loader_new(path, why, sizeof why));
	assert_non_null(strstr(why, path));
	assert_null(loader_new("/nonexistent/file", why, sizeof why));
}

static void a_deep_nest_is_an_error_not_a_crash(void **state)
{
	struct written w;
	struct saver *s = begin(&w);
	for (unsigned i = 0; i < 32; i++)
		save_begin(s, "x");
	assert_int_equal(end(&w), -EOVERFLOW);
}

static void a_full_disk_is_said(void **state)
{
	int fd = open("/dev/full", O_WRONLY);
	struct saver *s = saver_new(save_to_fd, &fd);
	for (unsigned i = 0; i < 30000; i++)
		save_u64(s, "x", i);
	assert_int_equal(save_error(s), -ENOSPC); /* known before the end */
	assert_int_equal(saver_end(s), -ENOSPC);
	saver_free(s);
	close(fd);
}

static void a_million_items_take_the_memory_of_one(void **state)
{
	enum { N = 1000000 };
	struct written w;
	struct saver *s = begin(&w);
	size_t n;
	uint64_t v;
	save_list(s, "first");
	for (uint64_t i = 0; i < N; i++) {
		save_item(s);
		save_u64(s, "i", i);
		save_end(s);
	}
	save_end(s);
	save_u64(s, "behind", 7);
	assert_int_equal(end(&w), 0);

	char why[256];
	size_t before = mallinfo2().uordblks;
	struct loader *l = loader_new(path, why, sizeof why);
	assert_non_null(l);
	assert_true(load_u64(l, "behind", 7, 7, &v));
	assert_true(load_list(l, "first", &n) && n == N);
	for (uint64_t i = 0; i < N; i++) {
		assert_true(load_item(l, i) && load_u64(l, "i", i, i, &v));
		load_end(l);
	}
	assert_true(load_item(l, 3) && load_u64(l, "i", 3, 3, &v)); /* and back */
	load_end(l);
	assert_true(mallinfo2().uordblks < before + 65536);
	assert_false(load_item(l, N));
	assert_string_equal(load_error_text(l), "first.1000000: no such object");
	loader_free(l);
}

static void fields_are_found_in_any_order(void **state)
{
	char why[256], word[16];
	uint64_t v;
	write_file("{\"a\": {\"z\": [[{}], \"]}\\\"\"]}, \"b\": 2 ,\"word\":\"\\u00e4\\ud83d\\ude00\\n\", "
		   "\"ab\": 4}\n");
	struct loader *l = loader_new(path, why, sizeof why);
	assert_non_null(l);
	assert_true(load_u64(l, "ab", 4, 4, &v) && load_u64(l, "b", 2, 2, &v) && load_u64(l, "ab", 4, 4, &v));
	assert_true(load_str(l, "word", word, sizeof word));
	assert_string_equal(word, "\xc3\xa4\xf0\x9f\x98\x80\n");
	assert_true(load_has(l, "a") && !load_has(l, "z") && load_begin(l, "a"));
	assert_true(load_has(l, "z") && !load_has(l, "b"));
	loader_free(l);
}

static void two_fields_of_a_name_are_refused(void **state)
{
	char why[256];
	write_file("{\"a\": 1, \"b\": {}, \"a\": 2}");
	assert_null(loader_new(path, why, sizeof why));
	write_file("{\"a\": {\"c\": 1, \"c\": 2}}");
	struct loader *l = loader_new(path, why, sizeof why);
	assert_false(load_begin(l, "a"));
	assert_string_equal(load_error_text(l), "a: a field that is there twice");
	loader_free(l);
}

/* Somebody writes to the file that is being read: nonsense may come of it, and nothing worse. */
static void a_file_that_changes_is_not_believed(void **state)
{
	char why[256], word[16];
	size_t n;
	uint64_t v;
	write_file("{\"a\": {\"s\": \"text\", \"l\": [{}, {}]}}");
	struct loader *l = loader_new(path, why, sizeof why);
	write_file("{\"a\": {\"s\": \"text\\\\\\\\\\\\\\\\\\\\\\");
	if (load_begin(l, "a")) {
		load_str(l, "s", word, sizeof word);
		load_u64(l, "s", 0, 1, &v);
		if (load_list(l, "l", &n))
			load_item(l, 1);
	}
	loader_free(l);
}

static void a_pipe_can_be_read_too(void **state)
{
	char why[256];
	uint64_t v;
	int fd[2];
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "{\"a\": 1}", 8), 8);
	close(fd[1]);
	struct loader *l = loader_new_fd(fd[0], "pipe", why, sizeof why);
	assert_non_null(l);
	assert_true(load_u64(l, "a", 1, 1, &v));
	loader_free(l);
	close(fd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_broken_field_is_named_with_its_path, setup, teardown),
		cmocka_unit_test_setup_teardown(types_and_lengths_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_json_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(a_deep_nest_is_an_error_not_a_crash, setup, teardown),
		cmocka_unit_test(a_full_disk_is_said),
		cmocka_unit_test_setup_teardown(a_million_items_take_the_memory_of_one, setup, teardown),
		cmocka_unit_test_setup_teardown(fields_are_found_in_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(two_fields_of_a_name_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_changes_is_not_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_pipe_can_be_read_too, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
