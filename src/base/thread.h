/* Threads that take no signals, which are the main thread's alone; and what threads wait with. */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Runs function in a new thread.  Without one the process ends; what names the thread in that error. */
pthread_t thread_start(void *(*function)(void *), void *argument, const char *what);

/* A condition variable on the clock of clock_ms(), which thread_cond_wait() needs. */
void thread_cond_init(pthread_cond_t *condition);

/* As pthread_cond_wait(3), until deadline, clock_ms(), at the latest: false then. */
bool thread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);

void thread_sleep(int64_t milliseconds);

/* A duration, or a point on the clock of clock_ms(), as a timespec. */
struct timespec thread_timespec(int64_t milliseconds);

#endif
