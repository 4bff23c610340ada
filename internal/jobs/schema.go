package jobs

import "encoding/json"

// ref refers to the schema of a level.
func ref(level string) object { return object{"$ref": "#/$defs/" + level} }

// profileMap is the schema of the value of profiles.
func profileMap() object {
	return object{
		"type":                 "object",
		"minProperties":        1,
		"propertyNames":        object{"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"},
		"additionalProperties": ref("profile"),
	}
}

// Schema returns the JSON Schema (draft 2020-12) of jobs.yaml, for editors. It
// lets everything pass that Decode does; what a schema cannot say, such as
// whether a cron expression is one, is left to Decode.
func Schema() []byte {
	t := newTable()
	top := schemaOf(t.top.entries())
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["title"] = "jobs.yaml of montimer"
	top["required"] = []string{"profiles"}
	top["additionalProperties"] = true // the old runner ignores them, and so do we, with a warning

	profile := schemaOf(t.profile.entries())
	profile["oneOf"] = oneOf("cron", "calendar", "every")
	task := schemaOf(t.task.entries())
	task["required"] = []string{"name"}
	task["oneOf"] = oneOf("script", "command")
	onChange := schemaOf(t.onChange.entries())
	onChange["required"] = []string{"paths", "command"}
	top["$defs"] = object{
		"defaults":  schemaOf(t.defaults.entries()),
		"profile":   profile,
		"task":      task,
		"sync":      schemaOf(t.sync.entries()),
		"on_change": onChange,
		"notify":    schemaOf(t.notify.entries()),
	}
	out, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		return nil // impossible: strings, numbers, lists and maps of them
	}
	return append(out, '\n')
}

// schemaOf returns the schema of a mapping with these keys and no others.
func schemaOf(entries []entry) object {
	properties := object{}
	for _, e := range entries {
		p := object{"description": e.Doc}
		if e.Default != "" {
			p["description"] = e.Doc + " Default: " + e.Default + "."
		}
		for k, v := range e.schema() {
			p[k] = v
		}
		properties[e.Name] = p
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

// oneOf demands exactly one of the keys.
func oneOf(keys ...string) []object {
	var list []object
	for _, k := range keys {
		list = append(list, object{"required": []string{k}})
	}
	return list
}
