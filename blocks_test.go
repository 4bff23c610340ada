package montimer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A commandBlock is a block of commands of a page, with the heading that it is below.
type commandBlock struct {
	page, title, language string
	index                 int // among the blocks of this language of the page
	line                  int
}

// TestEveryBlockIsRun holds that a test takes each block of commands of the pages from
// its page, and runs it. Which do is read from the tests: see runsOf.
func TestEveryBlockIsRun(t *testing.T) {
	var all []commandBlock
	for _, pattern := range []string{"*.md", "docs/*.md", "deploy/*/*.md", "docs/man/*.[1-9]"} {
		pages, err := filepath.Glob(pattern)
		if err != nil || len(pages) == 0 {
			t.Fatalf("%s: %v, %v", pattern, pages, err)
		}
		for _, page := range pages {
			blocks, wrong := commandBlocks(page, read(t, page))
			for _, text := range wrong {
				t.Error(text)
			}
			all = append(all, blocks...)
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d blocks were found", len(all))
	}
	run := map[commandBlock]bool{}
	for _, pattern := range []string{"testdata/boot/*.sh", "testdata/boot/*.inc", "*_test.go", "cmd/*/*_test.go", "internal/*/*_test.go"} {
		tests, err := filepath.Glob(pattern)
		if err != nil || len(tests) == 0 {
			t.Fatalf("%s: %v, %v", pattern, tests, err)
		}
		for _, test := range tests {
			for _, b := range runsOf(test, read(t, test), all) {
				run[b] = true
			}
		}
	}
	for _, b := range all {
		if !run[b] {
			t.Errorf("%s:%d: no test runs this block, below %q: have a scenario follow it (testdata/boot/lib.sh), or write it as text", b.page, b.line, b.title)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commandBlocks returns the blocks of commands of a page, Markdown or roff, and what
// is wrong with others.
func commandBlocks(page, text string) (found []commandBlock, wrong []string) {
	title, until, count := "", "", map[string]int{}
	for n, line := range strings.Split(text, "\n") {
		n++
		language := strings.TrimLeft(line, "`")
		fence := strings.TrimSuffix(line, language)
		switch {
		case until != "":
			if line == until {
				until = ""
			}
			continue
		case line == ".EX":
			language, until = "man", ".EE"
		case len(fence) >= 3:
			until = fence
		default:
			for _, heading := range []string{".SH ", "## "} {
				if rest, ok := strings.CutPrefix(line, heading); ok {
					title = rest
				}
			}
			continue
		}
		switch language {
		case "":
			if len(fence) == 3 { // longer ones hold messages, which have blocks themselves
				wrong = append(wrong, fmt.Sprintf("%s:%d: a block without a language: write sh for commands, console with their output, text for output", page, n))
			}
		case "sh", "console", "man":
			found = append(found, commandBlock{page, title, language, count[language], n})
		case "yaml", "ini", "json", "text", "crontab", "mermaid", "caddy", "nginx":
		default:
			wrong = append(wrong, fmt.Sprintf("%s:%d: a block of %q: write sh for commands", page, n, language))
		}
		count[language]++
	}
	return found, wrong
}

var (
	loop       = regexp.MustCompile(`\bfor (\w+) in (.*?); do`)
	shellWord  = regexp.MustCompile(`"[^"]*"|'[^']*'|[^\s;|&()]+`)
	wholePage  = regexp.MustCompile("awk '/\\^```sh\\$/ \\{ on = 1; next \\} /\\^```\\$/ \\{ on = 0 \\} on' /(\\S+\\.md)")
	goBlocks   = regexp.MustCompile(`\bblocks\(t, "([^"]+)", "(\w+)"\)(?:\[(\d+)\])?`)
	manExample = regexp.MustCompile(`\bexamples(?:\(t, "| /)(docs/man/[\w.-]+)`)
)

// runsOf returns the blocks that a test takes from their pages:
//
//   - follow PAGE TITLE in a scenario, or any function of two such arguments: the
//     blocks below that heading of docs/PAGE.md; TITLE can be of a loop of the line
//   - awk with the page, as in readme.sh: all blocks of it
//   - blocks(t, PAGE, LANGUAGE)[N] in a Go test; without [N] all
//   - examples with a manual page: all its examples
func runsOf(test, text string, all []commandBlock) (run []commandBlock) {
	take := func(which func(commandBlock) bool) {
		for _, b := range all {
			if which(b) {
				run = append(run, b)
			}
		}
	}
	for _, m := range manExample.FindAllStringSubmatch(text, -1) {
		take(func(b commandBlock) bool { return b.page == m[1] })
	}
	if strings.HasSuffix(test, ".go") {
		for _, m := range goBlocks.FindAllStringSubmatch(text, -1) {
			take(func(b commandBlock) bool {
				return b.page == m[1] && b.language == m[2] && (m[3] == "" || m[3] == strconv.Itoa(b.index))
			})
		}
		return run
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, m := range wholePage.FindAllStringSubmatch(line, -1) {
			take(func(b commandBlock) bool { return b.page == m[1] && b.language == "sh" })
		}
		values := map[string][]string{}
		for _, m := range loop.FindAllStringSubmatch(line, -1) {
			values["$"+m[1]] = unquoted(m[2])
		}
		words := unquoted(line)
		for i := 2; i < len(words); i++ {
			titles, ok := values[words[i]]
			if !ok {
				titles = words[i : i+1]
			}
			take(func(b commandBlock) bool {
				return b.page == "docs/"+words[i-1]+".md" && b.language == "sh" && slices.Contains(titles, b.title)
			})
		}
	}
	return run
}

// unquoted returns the words of a line of a shell.
func unquoted(line string) (words []string) {
	for _, w := range shellWord.FindAllString(line, -1) {
		words = append(words, strings.Trim(w, `"'`))
	}
	return words
}

// TestRunsOf: a block that a test does not take from its page is not taken for run.
func TestRunsOf(t *testing.T) {
	page := "# P\n```sh\nfirst\n```\n## One\n```sh\na\n```\n```sh\nb\n```\n## Two words\n```yaml\nk: v\n```\n```sh\nc\n```\n## More\n```console\n$ d\n```\n"
	all, wrong := commandBlocks("docs/p.md", page+"```\nno language\n```\n")
	if len(all) != 5 || len(wrong) != 1 {
		t.Fatalf("%v, %v", all, wrong)
	}
	for script, want := range map[string]string{
		`follow p One`:                                "One One",
		`# follow p One`:                              "",
		`follow p "Two words" 's/a/b/'`:               "Two words",
		`follow p Two words`:                          "",
		`follow other One`:                            "",
		`for x in One "Two words"; do f p "$x"; done`: "One One Two words",
		`block p More >/tmp/x`:                        "",
		"awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' /docs/p.md": " One One Two words",
		`echo docs/p.md`: "",
	} {
		var titles []string
		for _, b := range runsOf("a.sh", script, all) {
			titles = append(titles, b.title)
		}
		if got := strings.Join(titles, " "); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
	}
	if got := runsOf("a_test.go", `x := blocks(t, "docs/p.md", "sh")[2]; blocks(t, "docs/p.md", "console")`, all); len(got) != 2 || got[0].index != 2 || got[1].language != "console" {
		t.Errorf("of a Go test: %v", got)
	}
}
