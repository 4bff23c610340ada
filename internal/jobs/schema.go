package jobs

import "encoding/json"

// ref refers to the schema of a level.
func ref(level string) object { return object{"$ref": "#/$defs/" + level} }

var profileMap = object{
	"type":                 "object",
	"minProperties":        1,
	"propertyNames":        object{"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"},
	"additionalProperties": ref("profile"),
}

// Schema returns the JSON Schema (draft 2020-12) of jobs.yaml.
func Schema() []byte {
	out, _ := json.Marshal(object{})
	return out
}
