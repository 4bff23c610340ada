package taskexec

// Priorities of a line, as in syslog(3).
const (
	priorityErr  = 3
	priorityInfo = 6
)

// priority reads the prefix <0> to <7> of sd-daemon(3) and returns what comes
// after it. A task has no say above err: what it prints must not wake those who
// watch for the machine's own emergencies.
func priority(line []byte) (int, []byte) {
	if len(line) < 3 || line[0] != '<' || line[1] < '0' || line[1] > '7' || line[2] != '>' {
		return priorityInfo, line
	}
	return max(int(line[1]-'0'), priorityErr), line[3:]
}
