/*
 * banned.h - functions that do not compile here.  Included by the compiler's command line.
 *
 * The system's own headers that use these names come first, so that only our calls are caught.
 */
#ifndef ASSAY_BASE_BANNED_H
#define ASSAY_BASE_BANNED_H

/*
 * Before any header of the system: on 32-bit systems _FILE_OFFSET_BITS decides whether readdir() and
 * stat() can read directories and files whose numbers need 64 bits.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef atoi
#undef atol
#undef gmtime
#undef localtime
#undef ctime
#define strcpy(d, s)      sorry_use_slice_or_buf_instead_of_strcpy
#define strcat(d, s)      sorry_use_buf_add_instead_of_strcat
#define strncpy(d, s, n)  sorry_use_slice_or_buf_instead_of_strncpy
#define strncat(d, s, n)  sorry_use_buf_add_instead_of_strncat
#define sprintf(...)      sorry_use_buf_addf_instead_of_sprintf
#define vsprintf(...)     sorry_use_buf_vaddf_instead_of_vsprintf
#define strtok(s, d)      sorry_use_cursor_instead_of_strtok
#define atoi(s)           sorry_use_take_uint_instead_of_atoi
#define atol(s)           sorry_use_take_uint_instead_of_atol
#define gmtime(t)         sorry_use_gmtime_r
#define localtime(t)      sorry_use_localtime_r
#define ctime(t)          sorry_use_strftime
#ifndef ASSAY_MAY_READ_CLOCKS
#define time(t)           sorry_use_clock_now_instead_of_time
#endif

#endif
