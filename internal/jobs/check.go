package jobs

// checkTasks checks what concerns more than one task of a profile.
func (d *decoder) checkTasks(tasks []task) {}
