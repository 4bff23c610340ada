package jobs

import "strings"

// checkTasks checks what concerns more than one task of a profile.
func (d *decoder) checkTasks(tasks []task) {
	if len(tasks) < 2 && (len(tasks) == 0 || tasks[0].after == nil) {
		return
	}
	n := d.nameTasks(tasks)
	for i := range tasks {
		d.enter("task", tasks[i].Name)
		d.enter("", "after")
		for _, a := range tasks[i].after {
			switch _, exists := n.first[a.text]; {
			case !exists:
				d.error(a.at, d.didYouMean(a.text, n.names), "there is no task %s in this profile", quote(a.text))
			case n.twice[a.text]:
				d.error(a.at, "", "%s is the name of two tasks", quote(a.text))
			default:
				tasks[i].After = append(tasks[i].After, a.text)
			}
		}
		d.leave()
		d.leave()
	}
	c := cycles{d: d, tasks: tasks, first: n.first, depth: make([]int, len(tasks))}
	for i := range tasks {
		c.walk(i)
	}
}

// taskNames are the names of the tasks of a profile.
type taskNames struct {
	names []string
	first map[string]int // the first task of a name
	twice map[string]bool
}

func (d *decoder) nameTasks(tasks []task) taskNames {
	n := taskNames{first: make(map[string]int, len(tasks)), twice: make(map[string]bool)}
	for i, t := range tasks {
		if t.Name == "" {
			continue
		}
		if j, exists := n.first[t.Name]; exists {
			n.twice[t.Name] = true
			d.warn(t.at, "", "two tasks are named %s; the first in line %d", quote(t.Name), tasks[j].at.place().Line)
			continue
		}
		n.first[t.Name] = i
		n.names = append(n.names, t.Name)
	}
	return n
}

// cycles looks for tasks that wait for each other.
type cycles struct {
	d     *decoder
	tasks []task
	first map[string]int // index by name
	path  []int          // the tasks that we came by
	depth []int          // of each task: 0 not seen yet, done, or its place in path from 1
}

const done = -1

// walk reports each cycle that closes below task i.
func (c *cycles) walk(i int) {
	if c.depth[i] != 0 {
		return
	}
	c.path = append(c.path, i)
	c.depth[i] = len(c.path)
	for _, a := range c.tasks[i].after {
		next, exists := c.first[a.text]
		if !exists {
			continue
		}
		if c.depth[next] > 0 {
			c.d.error(a.at, "", "the tasks wait for each other: %s", c.describe(next))
		}
		c.walk(next)
	}
	c.path = c.path[:len(c.path)-1]
	c.depth[i] = done
}

// describe writes the cycle from task i to the end of the path as a → b → a.
func (c *cycles) describe(i int) string {
	const most = 8
	var b strings.Builder
	for n, k := range c.path[c.depth[i]-1:] {
		if n == most {
			b.WriteString("… → ")
			break
		}
		b.WriteString(quote(c.tasks[k].Name) + " → ")
	}
	return b.String() + quote(c.tasks[i].Name)
}
