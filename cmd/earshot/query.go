package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// takesQuery marks commands whose arguments are a query, in which a word may begin with a hyphen.
const takesQuery = "takes-query"

// queryArguments lets `earshot search budget -travel` mean what it says: for a command that takes a query, words that begin
// with one hyphen are moved, with all other words, behind the "--" that ends the flags. Flags begin with two.
func queryArguments(root *cobra.Command, args []string) []string {
	cmd, rest, err := root.Find(args)
	if err != nil || cmd.Annotations[takesQuery] == "" {
		return args
	}
	flags := strings.Fields(cmd.CommandPath())[1:]
	var words []string
	for i := 0; i < len(rest); i++ {
		name, isFlag := strings.CutPrefix(rest[i], "--")
		switch {
		case rest[i] == "--":
			words = append(words, rest[i+1:]...)
			i = len(rest)
		case rest[i] == "-h":
			flags = append(flags, rest[i])
		case !isFlag:
			words = append(words, rest[i])
		default:
			flags = append(flags, rest[i])
			f := cmd.Flag(name) // nil where the value stands beside it: --sort=newest
			if f != nil && f.NoOptDefVal == "" && i+1 < len(rest) {
				i++
				flags = append(flags, rest[i])
			}
		}
	}
	return append(append(flags, "--"), words...)
}
