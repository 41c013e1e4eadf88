/*
 * Threads that take no signals: those come to the main thread only, and would cut a read in libfcgi short.  And what they
 * wait on.
 */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>

/* Runs the function in a thread of its own; what names it in the error that ends the process when there is none. */
pthread_t thread_start(void *(*function)(void *), void *argument, const char *what);

/* A condition variable whose timed waits end by the clock of clock_ms(). */
void thread_cond_init(pthread_cond_t *condition);

#endif
