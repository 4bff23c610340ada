/*
 * write DIR COUNT SIZE-OF-SERVICE SIZE-OF-TIMER: what compile has to have the
 * kernel do at least. For each of COUNT names it creates a .service and a .timer
 * under a temporary name, writes it whole, and then renames all of them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void create(int dir, const char *name, const char *content, size_t size)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		fail(name);
	if (write(fd, content, size) != (ssize_t)size)
		fail(name);
	if (close(fd) < 0)
		fail(name);
}

int main(int argc, char **argv)
{
	static const char *const suffix[] = {"service", "timer"};
	if (argc != 5) {
		fprintf(stderr, "usage: write DIR COUNT SIZE-OF-SERVICE SIZE-OF-TIMER\n");
		return 2;
	}
	int dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		fail(argv[1]);
	long count = atol(argv[2]);
	size_t size[] = {strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10)};
	char *content = malloc(size[0] + size[1]);
	if (content == NULL)
		fail("malloc");
	memset(content, '#', size[0] + size[1]);

	char name[80], temporary[96];
	for (long i = 0; i < count; i++)
		for (int s = 0; s < 2; s++) {
			snprintf(temporary, sizeof temporary, ".montimer-job-p%06ld.%s.tmp", i, suffix[s]);
			create(dir, temporary, content, size[s]);
		}
	for (long i = 0; i < count; i++)
		for (int s = 0; s < 2; s++) {
			snprintf(name, sizeof name, "montimer-job-p%06ld.%s", i, suffix[s]);
			snprintf(temporary, sizeof temporary, ".%s.tmp", name);
			if (renameat(dir, temporary, dir, name) < 0)
				fail(name);
		}
	return 0;
}
