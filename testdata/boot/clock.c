// The clock of a scenario, preloaded into PID 1: as soon as /etc/clock is there,
// CLOCK_REALTIME goes its own way. The file has three numbers: CLOCK_MONOTONIC
// in ns, CLOCK_REALTIME in ns at that moment, and how many times faster than
// real it goes from then on. Timers on CLOCK_REALTIME follow; other processes
// keep the true time.
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { second = 1000000000, fds = 4096 };

static long long mono, real, factor;
static bool realtime[fds];

static int64_t kernel(clockid_t id)
{
	struct timespec t;
	syscall(SYS_clock_gettime, id, &t);
	return (int64_t)t.tv_sec * second + t.tv_nsec;
}

static bool started(void)
{
	int saved = errno;
	if (!factor) {
		FILE *f = fopen("/etc/clock", "re");
		long long m, r, k;
		if (f) {
			if (fscanf(f, "%lld %lld %lld", &m, &r, &k) == 3)
				mono = m, real = r, factor = k;
			fclose(f);
		}
	}
	errno = saved;
	return factor;
}

static int64_t now(void)
{
	return started() ? real + (kernel(CLOCK_MONOTONIC) - mono) * factor : kernel(CLOCK_REALTIME);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE && id != CLOCK_REALTIME_ALARM)
		return syscall(SYS_clock_gettime, id, t);
	int64_t n = now();
	*t = (struct timespec){ n / second, n % second };
	return 0;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	(void)zone;
	int64_t n = now();
	*t = (struct timeval){ n / second, n % second / 1000 };
	return 0;
}

time_t time(time_t *t)
{
	time_t s = now() / second;
	if (t)
		*t = s;
	return s;
}

int timerfd_create(int clock, int flags)
{
	int fd = syscall(SYS_timerfd_create, clock, flags);
	if (fd >= 0 && fd < fds)
		realtime[fd] = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
	return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	struct itimerspec v = *value;
	// Far away is what only waits for the clock to be set.
	bool near = v.it_value.tv_sec > 0 && v.it_value.tv_sec < INT64_MAX / second;
	if (fd >= 0 && fd < fds && realtime[fd] && (flags & TFD_TIMER_ABSTIME) && near && started()) {
		int64_t left = ((int64_t)v.it_value.tv_sec * second + v.it_value.tv_nsec - now()) / factor;
		int64_t at = kernel(CLOCK_REALTIME) + (left > 0 ? left : 1) + 1;
		v.it_value = (struct timespec){ at / second, at % second };
	}
	return syscall(SYS_timerfd_settime, fd, flags, &v, old);
}
