/*
 * notify.h - systemd's notification protocol, by hand: datagrams of "NAME=value" lines to the socket that
 * NOTIFY_SOCKET names (sd_notify(3)).  Without that variable nothing happens.
 */
#ifndef ASSAY_DAEMON_NOTIFY_H
#define ASSAY_DAEMON_NOTIFY_H

#include <stdint.h>

/* Reads the variables once and removes them, so that child processes do not inherit them. */
void notify_prepare(void);

void notify_ready(void);     /* READY=1: the start, or a reload, is done */
void notify_reloading(void); /* RELOADING=1, with the monotonic time */
void notify_stopping(void);
void notify_watchdog(void);

/* How often notify_watchdog() is expected: half of WATCHDOG_USEC in milliseconds; -1: not at all. */
int64_t notify_watchdog_ms(void);

#endif
