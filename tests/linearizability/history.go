package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// A line of a history may hold a few items, no more.
const lineBytesMax = 1 << 20

// item is what one key holds: an attribute that is written as a whole, and one that is added to. A null is no item.
type item struct {
	Value *string `json:"value,omitempty"`
	Count *int64  `json:"count,omitempty"`
}

// condition of a write. Exactly one member is there.
type condition struct {
	Exists *bool   `json:"exists,omitempty"` // attribute_exists or attribute_not_exists of the key
	Value  *string `json:"value,omitempty"`  // the attribute is there and equals this
}

type input struct {
	Value     string     `json:"value,omitempty"`     // put, update
	Delta     int64      `json:"delta,omitempty"`     // add
	Condition *condition `json:"condition,omitempty"` // all but get
}

type output struct {
	Applied bool  `json:"applied"` // false: the condition failed (a get is always applied)
	Item    *item `json:"item"`    // what the operation shows: see operations
}

// record is one line.
type record struct {
	Client  int     `json:"client"`
	Op      string  `json:"op"`
	Key     string  `json:"key"`
	Input   input   `json:"input"`
	Output  *output `json:"output"`
	Call    int64   `json:"call"`   // ns, of one clock for the whole history
	Return  *int64  `json:"return"` // null where nobody knows
	Outcome string  `json:"outcome"`
}

const (
	outcomeOk    = "ok"    // answered: output holds
	outcomeFail  = "fail"  // nothing was done, for certain
	outcomeMaybe = "maybe" // unknown: it took effect at any time after its call, or never will
)

func readHistory(from io.Reader) ([]record, error) {
	var records []record
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, lineBytesMax)
	for number := 1; lines.Scan(); number++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var one record
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&one); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if err := one.validate(); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		records = append(records, one)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("no operation in it: that proves nothing")
	}
	return records, nil
}

func (r *record) validate() error {
	if _, known := operations[r.Op]; !known {
		return fmt.Errorf("no such operation: %q", r.Op)
	}
	if r.Key == "" {
		return fmt.Errorf("no key")
	}
	if c := r.Input.Condition; c != nil && (c.Exists == nil) == (c.Value == nil) {
		return fmt.Errorf("a condition is one of exists and value")
	}
	switch r.Outcome {
	case outcomeOk:
		if r.Output == nil || r.Return == nil {
			return fmt.Errorf("an answer without output or time")
		}
		if *r.Return < r.Call {
			return fmt.Errorf("answered before it was called")
		}
	case outcomeMaybe, outcomeFail:
		if r.Output != nil {
			return fmt.Errorf("an output of what was not answered")
		}
	default:
		return fmt.Errorf("no such outcome: %q", r.Outcome)
	}
	return nil
}
