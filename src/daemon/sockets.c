#include "daemon/listen.h"
#include "daemon/metrics.h"
#include "daemon/milter.h"

#include "daemon/sockets.h"

static struct listen_params milter_socket(const struct settings *s)
{
	return (struct listen_params){ .option = "listen", .address = s->listen,
		.mode = (mode_t)s->socket_mode, .group = s->socket_group,
		.allow_remote = s->allow_remote_mta };
}

/* Before the socket is opened, so that the message names the line of this option and not that of the address. */
static enum rc check_group(const struct settings *s, const char *section, const char *option, struct slice group,
    struct err *err)
{
	size_t mark = err->text.len;
	gid_t number;
	enum rc rc = group.len == 0 ? RC_OK : group_find(group, &number, err);

	if (rc != RC_OK) {
		err_wrap(err, mark, "%s%s%s", section, *section == '\0' ? "" : " ", option);
		settings_locate(s, section, option, err, mark);
	}
	return rc;
}

void sockets_free(struct sockets *sockets)
{
	listen_free(&sockets->milter);
	listen_free(&sockets->control);
	listen_free(&sockets->metrics);
}

/* If the default control socket cannot be created, that is a warning only. */
static enum rc open_control(const struct settings *s, const struct identity *id,
    struct sockets *sockets, struct err *err)
{
	struct buf address = BUF_INIT(4096);
	struct err why = ERR_INIT;
	struct listen_params p = { .option = "control socket", .group = s->control_group,
		.mode = s->control_group.len > 0 ? 0660 : 0600 };
	enum rc rc = RC_OK;

	if (s->control_socket.len > 0) {
		buf_addf(&address, "unix:%.*s", SLICE_ARG(s->control_socket));
		p.address = buf_slice(&address);
		rc = listen_open(&p, id, listen_bind, &sockets->control_fd, &sockets->control, &why);
	}
	if (rc != RC_OK && s->control_socket_named)
		err_add(err, "%.*s", (int)(why.text.len - 1), why.text.ptr);
	else if (rc != RC_OK)
		err_warn(err, "%.*s: assay status and assayd --reload will not work (to run without "
		    "the control socket, write control { socket = \"\" })", (int)(why.text.len - 1), why.text.ptr);
	err_free(&why);
	buf_free(&address);
	return s->control_socket_named ? rc : RC_OK;
}

/* A unix socket admits those who may use the control socket; a TCP port admits everyone who can reach it. */
static struct listen_params metrics_socket(const struct settings *s)
{
	return (struct listen_params){ .option = "metrics listen", .address = s->metrics_listen,
		.mode = s->control_group.len > 0 ? 0660 : 0600, .group = s->control_group,
		.allow_remote = true };
}

static enum rc open_metrics(const struct settings *s, const struct identity *id, struct sockets *sockets,
    struct err *err)
{
	const struct listen_params p = metrics_socket(s);

	if (s->metrics_listen.len == 0)
		return RC_OK;
	TRY(metrics_check(err));
	return listen_open(&p, id, listen_bind, &sockets->metrics_fd, &sockets->metrics, err);
}

enum rc sockets_open(const struct settings *s, const struct identity *id, struct sockets *sockets, struct err *err)
{
	const struct listen_params milter = milter_socket(s);

	TRY(check_group(s, "", "socket-group", s->socket_group, err));
	TRY(check_group(s, "control", "group", s->control_group, err));
	TRY(listen_open(&milter, id, milter_listen, NULL, &sockets->milter, err));
	TRY(open_control(s, id, sockets, err));
	return open_metrics(s, id, sockets, err);
}

enum rc sockets_publish(const struct sockets *sockets, struct server *server, struct err *err)
{
	if (sockets->control != NULL) {
		TRY(control_start(sockets->control_fd, answers, server, err));
		TRY(listen_publish(sockets->control, err));
	}
	if (sockets->metrics != NULL) {
		TRY(metrics_start(sockets->metrics_fd, answer_metrics, server, err));
		TRY(listen_publish(sockets->metrics, err));
	}
	return listen_publish(sockets->milter, err);
}

void sockets_check(const struct settings *s, const struct identity *id, struct err *err)
{
	const struct listen_params milter = milter_socket(s), metrics = metrics_socket(s);

	if (check_group(s, "", "socket-group", s->socket_group, err) != RC_OK ||
	    check_group(s, "control", "group", s->control_group, err) != RC_OK)
		return;
	listen_check(&milter, id, err);
	if (s->metrics_listen.len > 0 && metrics_check(err) == RC_OK)
		listen_check(&metrics, id, err);
}
