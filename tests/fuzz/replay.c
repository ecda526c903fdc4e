/*
 * replay.c - feeds the files of a corpus to a fuzz target, without a fuzzer.
 *
 *     fuzz_NAME [FILE | DIRECTORY]...
 *
 * Without arguments it is tests/fuzz/corpus/NAME of the source tree (ASSAY_SRCDIR).  Of short
 * files every beginning is fed too, each in memory of its own length: what is cut off anywhere is
 * what parsers get wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"

#define CUT_OCTETS 2048u /* longer files are fed whole only */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned passed, failed;

static void feed(struct slice content)
{
	uint8_t *copy = malloc(content.len == 0 ? 1 : content.len);

	if (copy == NULL)
		abort();
	if (content.len > 0)
		memcpy(copy, content.ptr, content.len);
	LLVMFuzzerTestOneInput(copy, content.len);
	free(copy);
}

static void complain(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	failed++;
}

static void replay_file(const char *path)
{
	struct buf content = BUF_INIT(LIMIT_FILE_BYTES);
	FILE *f = fopen(path, "rb");
	char chunk[16384];
	size_t n;

	if (f == NULL) {
		complain(path);
		return;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&content, slice_of(chunk, n));
	fclose(f);
	if (content.len <= CUT_OCTETS)
		for (n = 0; n < content.len; n++)
			feed(slice_take(buf_slice(&content), n));
	feed(buf_slice(&content));
	buf_free(&content);
	passed++;
}

static void replay(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (directory == NULL) {
		if (errno == ENOTDIR)
			replay_file(path);
		else
			complain(path);
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		struct buf name = BUF_INIT(4096);

		buf_addf(&name, "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			replay_file(buf_cstr(&name));
		buf_free(&name);
	}
	closedir(directory);
}

static void replay_own_corpus(const char *program)
{
	const char *name = strrchr(program, '/'), *top = getenv("ASSAY_SRCDIR");
	struct buf path = BUF_INIT(4096);

	name = name == NULL ? program : name + 1;
	if (slice_starts_with(slice_str(name), SLICE("fuzz_")))
		name += strlen("fuzz_");
	buf_addf(&path, "%s/tests/fuzz/corpus/%s", top == NULL ? "." : top, name);
	replay(buf_cstr(&path));
	buf_free(&path);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		replay_own_corpus(argv[0]);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%s: %u passed, %u failed\n", argv[0], passed, failed);
	return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
