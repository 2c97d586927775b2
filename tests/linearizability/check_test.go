package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A history under the hand: each step is one operation of the key "k" between two moments.
type step struct {
	from, until int64
	op          string
	in          input
	out         *output
	outcome     string
}

func holds(value string) *item        { return &item{Value: &value} }
func counts(count int64) *item        { return &item{Count: &count} }
func shows(shown *item) *output       { return &output{Applied: true, Item: shown} }
func refused(shown *item) *output     { return &output{Applied: false, Item: shown} }
func ifValue(value string) *condition { return &condition{Value: &value} }
func ifExists(exists bool) *condition { return &condition{Exists: &exists} }

func put(from, until int64, value string, old *item) step {
	return step{from, until, "put", input{Value: value}, shows(old), outcomeOk}
}

func get(from, until int64, shown *item) step {
	return step{from, until, "get", input{}, shows(shown), outcomeOk}
}

func add(from, until, delta int64, now *item) step {
	return step{from, until, "add", input{Delta: delta}, shows(now), outcomeOk}
}

func remove(from, until int64, old *item) step {
	return step{from, until, "delete", input{}, shows(old), outcomeOk}
}

func (s step) when(on *condition) step {
	s.in.Condition = on
	return s
}

// Refused by its condition, which showed the item.
func (s step) refusedBy(on *condition, shown *item) step {
	s.in.Condition, s.out = on, refused(shown)
	return s
}

func (s step) unanswered() step {
	s.out, s.outcome = nil, outcomeMaybe
	return s
}

func (s step) failed() step {
	s.out, s.outcome = nil, outcomeFail
	return s
}

// What a recorder would have written, through the bytes of a file.
func recorded(t *testing.T, steps []step) []record {
	t.Helper()
	var file bytes.Buffer
	for client, s := range steps {
		one := record{Client: client, Op: s.op, Key: "k", Input: s.in, Output: s.out, Call: s.from, Outcome: s.outcome}
		if s.outcome == outcomeOk {
			one.Return = &s.until
		}
		if err := json.NewEncoder(&file).Encode(one); err != nil {
			t.Fatal(err)
		}
	}
	records, err := readHistory(&file)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestHistoriesThatAnOrderExplains(t *testing.T) {
	for name, steps := range map[string][]step{
		"one after the other":                   {put(0, 1, "a", nil), get(2, 3, holds("a")), put(4, 5, "b", holds("a")), remove(6, 7, holds("b")), get(8, 9, nil)},
		"a read beside a write sees the old":    {put(0, 1, "a", nil), put(2, 9, "b", holds("a")), get(3, 4, holds("a")), get(5, 6, holds("b"))},
		"an unknown write that happened":        {put(0, 1, "a", nil), put(2, 3, "b", nil).unanswered(), get(4, 5, holds("b"))},
		"an unknown write that did not":         {put(0, 1, "a", nil), put(2, 3, "b", nil).unanswered(), get(4, 5, holds("a"))},
		"an unknown write that happened late":   {put(0, 1, "a", nil), put(2, 3, "b", nil).unanswered(), get(4, 5, holds("a")), get(6, 7, holds("b"))},
		"a failed write never happened":         {put(0, 1, "a", nil), put(2, 3, "b", nil).failed(), get(4, 5, holds("a"))},
		"adds in the order of their answers":    {add(0, 9, 5, counts(5)), add(0, 9, 7, counts(12)), get(10, 11, counts(12))},
		"an unknown add that happened once":     {add(0, 1, 5, counts(5)), add(2, 3, 7, nil).unanswered(), get(4, 5, counts(12))},
		"a condition that holds":                {put(0, 1, "a", nil).when(ifExists(false)), put(2, 3, "b", holds("a")).when(ifValue("a"))},
		"one of two creates":                    {put(0, 9, "a", nil).when(ifExists(false)), put(0, 9, "b", nil).refusedBy(ifExists(false), holds("a"))},
		"an unknown conditional write, in vain": {put(0, 1, "a", nil), put(2, 3, "b", nil).when(ifValue("z")).unanswered(), get(4, 5, holds("a"))},
	} {
		verdict, err := check(recorded(t, steps), time.Minute, "")
		if err != nil || len(verdict.Violated) > 0 || len(verdict.Undecided) > 0 {
			t.Errorf("%s: %+v %v", name, verdict, err)
		}
	}
}

func TestHistoriesThatNoOrderExplains(t *testing.T) {
	for name, steps := range map[string][]step{
		"stale read":                          {put(0, 1, "a", nil), put(2, 3, "b", holds("a")), get(4, 5, holds("a"))},
		"a read that goes back":               {put(0, 1, "a", nil), put(2, 9, "b", holds("a")), get(3, 4, holds("b")), get(5, 6, holds("a"))},
		"lost write":                          {put(0, 1, "a", nil), get(2, 3, nil)},
		"lost write, shown by the next write": {put(0, 1, "a", nil), put(2, 3, "b", nil)},
		"a failed write that happened":        {put(0, 1, "a", nil), put(2, 3, "b", nil).failed(), get(4, 5, holds("b"))},
		"a value that nobody wrote":           {put(0, 1, "a", nil), get(2, 3, holds("z"))},
		"a deleted item that comes back":      {put(0, 1, "a", nil), remove(2, 3, holds("a")), get(4, 5, holds("a"))},
		"doubled add":                         {add(0, 1, 5, counts(5)), add(2, 3, 7, counts(12)), get(4, 5, counts(19))},
		"doubled add, unanswered":             {add(0, 1, 7, nil).unanswered(), get(2, 3, counts(14))},
		"lost add":                            {add(0, 9, 5, counts(5)), add(0, 9, 7, counts(7))},
		"an unknown write before its call":    {get(0, 1, holds("a")), put(2, 3, "a", nil).unanswered()},
		"an unknown write that is taken back": {put(0, 1, "a", nil), put(2, 3, "b", nil).unanswered(), get(4, 5, holds("b")), get(6, 7, holds("a"))},
		"two creates":                         {put(0, 9, "a", nil).when(ifExists(false)), put(0, 9, "b", nil).when(ifExists(false))},
		"a refusal without a reason":          {put(0, 1, "a", nil), put(2, 3, "b", nil).refusedBy(ifValue("a"), holds("a"))},
		"a refusal that shows what is gone":   {put(0, 1, "a", nil), put(2, 3, "b", holds("a")), put(4, 5, "c", nil).refusedBy(ifExists(false), holds("a"))},
		"a refusal that wrote":                {put(0, 1, "a", nil), put(2, 3, "b", nil).refusedBy(ifValue("z"), holds("a")), get(4, 5, holds("b"))},
	} {
		verdict, err := check(recorded(t, steps), time.Minute, "")
		if err != nil || len(verdict.Violated) != 1 || len(verdict.Violated[0].Left) == 0 {
			t.Errorf("%s was not seen: %+v %v", name, verdict, err)
		}
	}
}

func TestKeysAreCheckedApart(t *testing.T) {
	records := recorded(t, []step{put(0, 1, "a", nil), get(2, 3, nil)})
	records[1].Key = "another"
	verdict, err := check(records, time.Minute, "")
	if err != nil || len(verdict.Violated) != 0 || verdict.Keys != 2 {
		t.Errorf("%+v %v", verdict, err)
	}
}

func TestWhatTimeDoesNotSufficeForIsUndecided(t *testing.T) {
	verdict, err := check(recorded(t, []step{put(0, 1, "a", nil)}), 0, "")
	if err != nil || len(verdict.Undecided) != 1 {
		t.Errorf("%+v %v", verdict, err)
	}
}

func TestAViolationIsDrawn(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	if _, err := check(recorded(t, []step{put(0, 1, "a", nil), get(2, 3, nil)}), time.Minute, page); err != nil {
		t.Fatal(err)
	}
	if told, err := os.ReadFile(page); err != nil || !bytes.Contains(told, []byte("put a")) {
		t.Error("the page does not show the history", err)
	}
}

func TestWhatIsNoHistoryIsRefused(t *testing.T) {
	for name, line := range map[string]string{
		"nothing":                      ``,
		"no JSON":                      `put a`,
		"an unknown member":            `{"client":1,"op":"get","key":"k","call":1,"outcome":"fail","ttl":1}`,
		"an unknown operation":         `{"client":1,"op":"swap","key":"k","call":1,"outcome":"fail"}`,
		"an unknown outcome":           `{"client":1,"op":"get","key":"k","call":1,"outcome":"perhaps"}`,
		"no key":                       `{"client":1,"op":"get","call":1,"outcome":"fail"}`,
		"an answer without its output": `{"client":1,"op":"get","key":"k","call":1,"return":2,"outcome":"ok"}`,
		"an answer before its call":    `{"client":1,"op":"get","key":"k","call":3,"return":2,"outcome":"ok","output":{"applied":true,"item":null}}`,
		"an output of a maybe":         `{"client":1,"op":"put","key":"k","call":1,"outcome":"maybe","output":{"applied":true,"item":null}}`,
		"a condition of two kinds":     `{"client":1,"op":"put","key":"k","call":1,"outcome":"maybe","input":{"condition":{"exists":true,"value":"a"}}}`,
	} {
		if records, err := readHistory(strings.NewReader(line)); err == nil {
			t.Errorf("%s was taken for a history: %+v", name, records)
		}
	}
}
