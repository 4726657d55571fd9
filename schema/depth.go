package schema

import "github.com/hashicorp/hcl/v2"

// The parser recurses for each bracket, each operator in front of a value and each
// condition, and a stack that is used up ends the program without a word of use.
const (
	maxDepth      = 1000   // brackets within each other, operators in a row
	maxConditions = 10_000 // question marks in a line
)

// counted are the letters that tooDeep counts.
var counted = oneOf("-!?()[]{}\n")

// oneOf is a table of letters.
func oneOf(letters string) (table [256]bool) {
	for _, c := range []byte(letters) {
		table[c] = true
	}
	return table
}

// tooDeep finds a place in a file that is nested too deeply to be parsed.
func tooDeep(src []byte, name string) *hcl.Diagnostic {
	depth, row, conditions, line := 0, 0, 0, 1
	for _, c := range src {
		if !counted[c] {
			if !isBlank(c) && c != '\r' {
				row = 0
			}
			continue
		}
		switch c {
		case '-', '!':
			row++
		case '\n':
		default:
			row = 0
		}
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		case '?':
			conditions++
		case '\n':
			line, conditions = line+1, 0
		}
		if depth > maxDepth || row > maxDepth || conditions > maxConditions {
			at := hcl.Pos{Line: line, Column: 1}
			return problem(hcl.Range{Filename: name, Start: at, End: at}, "Nested too deeply", "This line has more than %d brackets within each other or operators in a row, or more than %d conditions. Nobody can read that, and neither can lvsctl.", maxDepth, maxConditions)
		}
	}
	return nil
}
