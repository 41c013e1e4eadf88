/* The epoll set and the timer of a server. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "base/log.h"
#include "base/thread.h"
#include "front/server_internal.h"

bool
server_watch(struct server *server, int operation, int descriptor, uint32_t events, uintptr_t subject)
{
	struct epoll_event event = { .events = events, .data.u64 = subject };

	return epoll_ctl(server->epoll, operation, descriptor, &event) == 0;
}

void
server_watch_listener(struct server *server)
{
	if (!server->deaf && !server_watch(server, EPOLL_CTL_MOD, server->listener->descriptor, EPOLLIN | EPOLLONESHOT,
	    SERVER_LISTENER))
		log_error("cannot watch the socket: %s", strerror(errno));
}

void
server_set_timer(struct server *server, int64_t at)
{
	const struct itimerspec time = { .it_value = thread_timespec(at) };

	if (at == CONNECTION_NEVER || (server->timer_at != CONNECTION_NEVER && server->timer_at <= at))
		return;
	server->timer_at = at;
	timerfd_settime(server->timer, TFD_TIMER_ABSTIME, &time, NULL);
}
