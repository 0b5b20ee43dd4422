// Package cmdline reads the command line of a program.
//
// A grammar is a struct with the tags of kong. In front of it this package
// takes what Python's argparse takes: flags before or after the command,
// dashes or underscores in their names, unambiguous shortened names, and
// several values behind one flag. Behind it, a flag that was not given has its
// value from the program, else from a variable, else its default, and every
// error names the one that gave the bad value.
//
// Besides kong's own tags a flag may have these:
//
//	variable:"DE_BACKEND_PORT"   the environment variable that gives its value
//	field:"Config.Workers"       where the program gives it, for errors
//	min:"1" max:"10"             bounds of an [Int] or [Seconds]
//	choices:"a,b"                what a [Choice] may be
//	secret:""                    help does not show its value
//	many:""                      the flag takes values up to the next flag or command
package cmdline
