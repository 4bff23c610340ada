package jobs

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestResolve holds plain scalars to what PyYAML 6.0 and str() make of them.
// (Each line: the scalar, then repr of the text; a trap has no text.)
func TestResolve(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]scalar{
		"":                          {kindNull, "None", ""},
		"~":                         {kindNull, "None", ""},
		"NULL":                      {kindNull, "None", ""},
		"nULL":                      {kindText, "nULL", ""},
		"on":                        {kindBool, "True", ""},
		"OFF":                       {kindBool, "False", ""},
		"oN":                        {kindText, "oN", ""},
		"y":                         {kindText, "y", ""},
		"n":                         {kindText, "n", ""},
		"0":                         {kindInt, "0", ""},
		"-0":                        {kindInt, "0", ""},
		"+12":                       {kindInt, "12", ""},
		"-12":                       {kindInt, "-12", ""},
		"1_000":                     {kindInt, "1000", ""},
		"_1":                        {kindText, "_1", ""},
		"0x1F":                      {kindInt, "31", ""},
		"-0x1F":                     {kindInt, "-31", ""},
		"0X1F":                      {kindText, "0X1F", ""},
		"0xG":                       {kindText, "0xG", ""},
		"0x-5":                      {kindText, "0x-5", ""},
		"0b101":                     {kindInt, "5", ""},
		"0b2":                       {kindText, "0b2", ""},
		"0o17":                      {kindText, "0o17", ""},
		"010":                       {kindTrap, "8", "the octal number 8"},
		"-010":                      {kindTrap, "-8", "the octal number -8"},
		"08":                        {kindText, "08", ""},
		"09":                        {kindText, "09", ""},
		"1.50":                      {kindFloat, "1.5", ""},
		"1.":                        {kindFloat, "1.0", ""},
		".5":                        {kindFloat, "0.5", ""},
		"+.5":                       {kindText, "+.5", ""},
		"-1.5":                      {kindFloat, "-1.5", ""},
		"-0.0":                      {kindFloat, "-0.0", ""},
		".":                         {kindText, ".", ""},
		"1.2.3":                     {kindText, "1.2.3", ""},
		"1e3":                       {kindText, "1e3", ""},
		"1.0e3":                     {kindText, "1.0e3", ""},
		"1.0e+3":                    {kindFloat, "1000.0", ""},
		"1.5e+16":                   {kindFloat, "1.5e+16", ""},
		"9.9e+15":                   {kindFloat, "9900000000000000.0", ""},
		"1.0e-5":                    {kindFloat, "1e-05", ""},
		"0.0001":                    {kindFloat, "0.0001", ""},
		"1.0e+999":                  {kindFloat, "inf", ""},
		".inf":                      {kindFloat, "inf", ""},
		"-.Inf":                     {kindFloat, "-inf", ""},
		"+.INF":                     {kindFloat, "inf", ""},
		".nan":                      {kindFloat, "nan", ""},
		"-.nan":                     {kindText, "-.nan", ""},
		"1:30":                      {kindTrap, "90", "the number 90 (base 60)"},
		"-1:30":                     {kindTrap, "-90", "the number -90 (base 60)"},
		"1:2:3":                     {kindTrap, "3723", "the number 3723 (base 60)"},
		"1:60":                      {kindText, "1:60", ""},
		"1:030":                     {kindText, "1:030", ""},
		"0:30":                      {kindText, "0:30", ""},
		"1:30.5":                    {kindTrap, "90.5", "the number 90.5 (base 60)"},
		"2026-01-02":                {kindDate, "2026-01-02", ""},
		"2026-1-2":                  {kindText, "2026-1-2", ""},
		"2026-01-02 03:04:05":       {kindTrap, "2026-01-02 03:04:05", "a timestamp"},
		"2026-1-2T3:04:05.5 +01:00": {kindTrap, "2026-1-2T3:04:05.5 +01:00", "a timestamp"},
		"2026-01-02x":               {kindText, "2026-01-02x", ""},
		"12345678901234567890123":   {kindInt, "12345678901234567890123", ""},
		"*/5":                       {kindText, "*/5", ""},
		"-":                         {kindText, "-", ""},
		"+":                         {kindText, "+", ""},
	} {
		if got := resolvePlain(in); got != want {
			t.Errorf("%q: got %+v, want %+v", in, got, want)
		}
	}
}

func TestPythonString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a":             `'a'`,
		"it's":          `"it's"`,
		`"`:             `'"'`,
		`it's "x"`:      `'it\'s "x"'`,
		"a\\b\n\r\t":    `'a\\b\n\r\t'`,
		"\x1b\u00ad":    `'\x1b\xad'`,
		"\u202e\ufeff":  `'\u202e\ufeff'`,
		"\U000e0001é日🚨": `'\U000e0001é日🚨'`,
		"\u00a0":        `'\xa0'`,
	} {
		var b strings.Builder
		writePythonString(&b, in)
		if got := b.String(); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestResolveStyle(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"010": "8", `"010"`: "010", "'on'": "on", "!!str 010": "010", "|\n  on": "on"} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(in), &doc); err != nil {
			t.Fatal(err)
		}
		if got := resolve(doc.Content[0]).text; got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}
