package unitfile

// UnitPath lists where systemd looks for units of the system and their
// drop-ins, the strongest first, as far as people and packages write there
// (systemd.unit(5), "Unit File Load Path").
func UnitPath() []string {
	return []string{
		"/etc/systemd/system.control", "/run/systemd/system.control",
		"/etc/systemd/system", "/run/systemd/system",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	}
}

// Insignificant reports whether systemd skips the line (systemd.syntax(7)).
func Insignificant(line string) bool {
	return line == "" || line[0] == '#' || line[0] == ';'
}
