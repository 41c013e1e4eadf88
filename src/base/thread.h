/*
 * Threads that take no signals: those come to the main thread only, and would cut a read in libfcgi short.  And what
 * they wait on.
 */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Runs the function in a thread of its own; what names it in the error that ends the process when there is none. */
pthread_t thread_start(void *(*function)(void *), void *argument, const char *what);

/* A condition variable for the wait below, which ends at deadline, clock_ms(): false then. */
void thread_cond_init(pthread_cond_t *condition);
bool thread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);

void thread_sleep(int64_t milliseconds);

/* A time, or a point on the clock of clock_ms(), as the system's functions take it. */
struct timespec thread_timespec(int64_t milliseconds);

#endif
