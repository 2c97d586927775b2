// Linearizability reads a history of operations on single items, as tests/harness/history.py writes it, and has
// porcupine decide, key by key, whether some order of them explains all answers.
//
//	linearizability [-timeout 60s] [-picture FILE.html] HISTORY.jsonl
//
// Prints one JSON object. Exit codes: 0 linearizable, 1 not, 2 no history (or wrong usage), 3 not decided in time.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

const (
	exitLinearizable = iota
	exitViolated
	exitMalformed
	exitUndecided
)

func main() {
	timeout := flag.Duration("timeout", time.Minute, "for all keys together")
	picture := flag.String("picture", "", "where a page goes that shows the first key that is violated")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(exitMalformed)
	}
	os.Exit(run(flag.Arg(0), *timeout, *picture))
}

func run(path string, timeout time.Duration, picture string) int {
	file, err := os.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitMalformed
	}
	defer file.Close()
	records, err := readHistory(file)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
		return exitMalformed
	}
	verdict, err := check(records, timeout, picture)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitMalformed
	}
	line, err := json.Marshal(verdict)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitMalformed
	}
	fmt.Println(string(line))
	switch {
	case len(verdict.Violated) > 0:
		return exitViolated
	case len(verdict.Undecided) > 0:
		return exitUndecided
	}
	return exitLinearizable
}
