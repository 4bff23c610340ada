// The clock of a scenario, preloaded into PID 1: as soon as /etc/clock is there,
// CLOCK_REALTIME goes its own way. The file has three numbers: CLOCK_MONOTONIC
// in ns, CLOCK_REALTIME in ns at that moment, and how many times faster than
// real it goes from then on. A file that is put in its place later is a step of
// the clock: timers follow, and who waits for a step (TFD_TIMER_CANCEL_ON_SET)
// is woken. Processes that do not have this library, by /etc/ld.so.preload for
// one, keep the true time.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { second = 1000000000, fds = 4096 };

static long long mono, real, factor;
static ino_t file;
static struct timespec changed;
static struct {
	bool realtime;
	int flags;
	struct itimerspec value; // as it was asked for; 0: not armed, or not translated
} timers[fds];

static int64_t kernel(clockid_t id)
{
	struct timespec t;
	syscall(SYS_clock_gettime, id, &t);
	return (int64_t)t.tv_sec * second + t.tv_nsec;
}

static int64_t now(void);

static int arm(int fd)
{
	struct itimerspec v = timers[fd].value;
	int64_t left = ((int64_t)v.it_value.tv_sec * second + v.it_value.tv_nsec - now()) / factor;
	int64_t at = kernel(CLOCK_REALTIME) + (left > 0 ? left : 1) + 1;
	v.it_value = (struct timespec){ at / second, at % second };
	return syscall(SYS_timerfd_settime, fd, timers[fd].flags, &v, NULL);
}

static bool started(void)
{
	int saved = errno;
	struct stat s;
	long long m, r, k;
	FILE *f;
	if (stat("/etc/clock", &s) == 0 &&
	    (s.st_ino != file || memcmp(&s.st_mtim, &changed, sizeof changed)) &&
	    (f = fopen("/etc/clock", "re"))) {
		if (fscanf(f, "%lld %lld %lld", &m, &r, &k) == 3) {
			mono = m, real = r, factor = k;
			file = s.st_ino, changed = s.st_mtim;
			for (int fd = 0; fd < fds; fd++)
				if (timers[fd].value.it_value.tv_sec)
					arm(fd);
		}
		fclose(f);
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
	if (fd >= 0 && fd < fds) {
		memset(&timers[fd], 0, sizeof timers[fd]);
		timers[fd].realtime = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
	}
	return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	if (fd < 0 || fd >= fds || !timers[fd].realtime)
		return syscall(SYS_timerfd_settime, fd, flags, value, old);
	memset(&timers[fd].value, 0, sizeof timers[fd].value);
	if (flags & TFD_TIMER_CANCEL_ON_SET) {
		// Readable at the next step: what waits for one reads nothing.
		int steps = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (steps < 0 || inotify_add_watch(steps, "/etc", IN_MOVED_TO | IN_ONLYDIR) < 0)
			return -1;
		int done = dup3(steps, fd, O_CLOEXEC);
		close(steps);
		return done < 0 ? -1 : 0;
	}
	// Far away is what only waits for the clock to be set.
	bool near = value->it_value.tv_sec > 0 && value->it_value.tv_sec < INT64_MAX / second;
	if ((flags & TFD_TIMER_ABSTIME) && near) {
		timers[fd].flags = flags;
		timers[fd].value = *value;
		if (started())
			return arm(fd);
	}
	return syscall(SYS_timerfd_settime, fd, flags, value, old);
}
