/*
 * files.h - small trees of files for one test, inside unit_tmpdir().
 */
#ifndef ASSAY_TEST_FILES_H
#define ASSAY_TEST_FILES_H

#include <sys/types.h>

/* A fresh directory; free() it. */
char *files_dir(void);

/* "dir/relative"; free() it. */
char *files_path(const char *dir, const char *relative);

/* Writes dir/relative, making the directories above it. */
void files_write(const char *dir, const char *relative, const char *text, mode_t mode);
void files_mkdir(const char *dir, const char *relative);

/* The same with a key of the project's keys/. */
void files_key(const char *dir, const char *relative, const char *key, mode_t mode);

#endif
