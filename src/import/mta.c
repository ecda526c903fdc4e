/* What the MTAs' files have in common: which milter is one of the old chain, and the lines for a person. */
#include "private.h"

/* "local:/run/x.sock", "inet:8891@localhost" -> the part that a milter's name in the MTA's files shares */
static struct slice socket_core(struct slice socket)
{
	size_t colon = slice_find(socket, ':');
	struct slice rest = colon == socket.len ? socket : slice_drop(socket, colon + 1);

	if (slice_istarts_with(socket, SLICE("inet")))
		return slice_take(rest, slice_find(rest, '@'));
	colon = slice_rfind(rest, '/');
	return colon == rest.len ? rest : slice_drop(rest, colon + 1);
}

bool text_contains(struct slice text, struct slice part)
{
	for (size_t i = 0; part.len > 0 && i + part.len <= text.len; i++)
		if (slice_eq(slice_of(text.ptr + i, part.len), part))
			return true;
	return false;
}

bool is_old_milter(const struct import *im, struct slice milter)
{
	static const enum program programs[] = { PROGRAM_OPENDKIM, PROGRAM_OPENDMARC, PROGRAM_OPENARC,
		PROGRAM_POLICYD_SPF };

	for (size_t i = 0; i < N_ELEMENTS(programs); i++) {
		const struct old_line *socket = old_option(im, programs[i], "Socket");

		if (text_contains(milter, slice_str(program_names[programs[i]])) ||
		    (socket != NULL && text_contains(milter, socket_core(socket->value))))
			return true;
	}
	return false;
}

/* Postfix's lines are printed where nothing of the MTA was given as well: they are an example then. */
void mta_translate(struct import *im)
{
	struct buf text = BUF_INIT(64u * 1024);

	if (im->lines[PROGRAM_SENDMAIL].present)
		sendmail_translate(im, &text);
	if (im->lines[PROGRAM_MAIN_CF].present || !im->lines[PROGRAM_SENDMAIL].present)
		postfix_translate(im, &text);
	im->mta_lines = arena_take_buf(im->arena, &text);
	buf_free(&text);
}

struct slice import_mta_lines(const struct import *im)
{
	return im->mta_lines;
}
