/*
 * standard.h - standard input, output and error of a program: open from its start, and written to at its end.
 */
#ifndef ASSAY_BASE_STANDARD_H
#define ASSAY_BASE_STANDARD_H

/*
 * A descriptor of the three that was closed before the program started would be that of the next file or socket it
 * opens, which would then receive what is printed.  They are opened so that their use fails, as that of a closed one.
 */
void standard_open(void);

/* The exit status, or EXIT_FAILURE after a message when what was printed cannot be written (a full disk). */
int standard_end(const char *program, int status);

#endif
