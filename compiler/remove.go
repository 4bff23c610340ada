package compiler

import "context"

// remove deletes the files of profiles that have gone: the target does not hold
// their timers any more, so these can be stopped.
func (p *application) remove(ctx context.Context) error {
	if err := p.delete(ctx, p.removals); err != nil {
		return err
	}
	return p.removeStamps()
}

// removeStamps removes the stamps of profiles that have gone, however long ago:
// should one come back, it does not catch up.
func (p *application) removeStamps() error {
	timers, err := p.Stamps.list()
	if err != nil {
		return err
	}
	for _, name := range timers {
		_, wanted := p.timers[name]
		content, exists := p.have.Files[name]
		if wanted || exists && !generated(content) {
			continue
		}
		if err := p.Stamps.remove(name); err != nil {
			return err
		}
	}
	return nil
}

// delete stops the timers among the files and then deletes the files.
func (p *application) delete(ctx context.Context, files []Change) error {
	if len(files) == 0 {
		return nil
	}
	for _, c := range files {
		if isTimer(c.Name) {
			if err := p.Manager.Stop(ctx, c.Name); err != nil {
				return err
			}
		}
	}
	if err := p.Dir.Write(Installed{}, files); err != nil {
		return err
	}
	p.done(files...)
	return p.Manager.Reload(ctx)
}
