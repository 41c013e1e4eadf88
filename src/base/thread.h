/* Threads that take no signals, since the main thread takes them all; and what threads wait with. */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Runs function in a new thread.  Ends the process when it cannot; the error then names the thread by what. */
pthread_t thread_start(void *(*function)(void *), void *argument, const char *what);

/* A condition variable on the clock of clock_ms(), which thread_cond_wait() needs. */
void thread_cond_init(pthread_cond_t *condition);

/* As pthread_cond_wait(3), but returns false at the deadline (clock_ms(), ms), which must not be INT64_MAX. */
bool thread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);

void thread_sleep(int64_t milliseconds);

/* A duration, or a point on the clock of clock_ms(), as a timespec. */
struct timespec thread_timespec(int64_t milliseconds);

#endif
